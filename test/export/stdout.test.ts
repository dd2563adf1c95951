import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { SamplingDecision, type SamplingResult } from '../../src/core/sampler.ts';
import { StdoutSpanProcessor } from '../../src/export/stdout.ts';
import { decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { at, printing } from './printed-trace.ts';

const HEAD = 'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00';

/** Returns what precedes the bars, and the heading in one line. */
const outline = (text: string) =>
  text
    .replace(/\n(?= {2}\S)/, '')
    .replace(/\n +0 .*/, '')
    .replace(/ +[━╸╺◆]+$/gm, '');

test('a trace is printed when its local root ends, and not before', () => {
  const { start, texts } = printing();
  const root = start('root', 0);
  start('child', 1, root).end(at(2));
  assert.deepEqual(texts, []);
  root.end(at(3));
  assert.deepEqual(texts.map(outline), [`${HEAD}.000Z  3.0 ms  2 spans\nroot      3.0 ms\n└─ child  1.0 ms\n`]);
});

test('spans that are recorded but not sampled are not printed', () => {
  for (const [decision, printed] of [
    [SamplingDecision.RECORD, 0],
    [SamplingDecision.RECORD_AND_SAMPLED, 1],
  ]) {
    const texts: string[] = [];
    const processor = new StdoutSpanProcessor({ write: (text) => texts.push(text) });
    const sampler = { shouldSample: () => ({ decision }) as SamplingResult };
    new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer('test').startSpan('span').end();
    assert.equal(texts.length, printed);
  }
});

test('concurrent traces are printed separately', () => {
  const { start, texts } = printing();
  const [one, two] = [start('one', 0), start('two', 0)];
  start('of one', 1, one).end(at(2));
  start('of two', 1, two).end(at(2));
  two.end(at(3));
  one.end(at(3));
  assert.deepEqual(
    texts.map((text) => text.match(/of \w+/g)),
    [['of two'], ['of one']],
  );
});

test('a span that ends after its root is late, and printed at once', () => {
  const { start, texts } = printing();
  const root = start('root', 0);
  const child = start('child', 1, root);
  root.end(at(3));
  child.end(at(4));
  assert.equal(outline(texts[1]), `${HEAD}.001Z  3.0 ms  1 span  (late)\nchild  3.0 ms\n`);
});

test('a span under a remote parent is a local root', () => {
  const { start, texts } = printing();
  const parent = { traceId: '1'.padStart(32, '0'), spanId: 'a'.repeat(16), traceFlags: 1, isRemote: true };
  const server = start('server', 0, parent);
  start('child', 1, server).end(at(2));
  server.end(at(3));
  assert.deepEqual(texts.map(outline), [`${HEAD}.000Z  3.0 ms  2 spans\nserver    3.0 ms\n└─ child  1.0 ms\n`]);
});

test('a second request of the same trace is a separate tree, and nothing in it is late', () => {
  const { start, texts } = printing();
  const parent = { traceId: '1'.padStart(32, '0'), spanId: 'a'.repeat(16), traceFlags: 1, isRemote: true };
  for (let request = 0; request < 2; request++) {
    const server = start('server', 0, parent);
    start('child', 1, server).end(at(2));
    server.end(at(3));
  }
  const text = `${HEAD}.000Z  3.0 ms  2 spans\nserver    3.0 ms\n└─ child  1.0 ms\n`;
  assert.deepEqual(texts.map(outline), [text, text]);
});

test('the children of a root that never ends are printed when there are too many such traces', () => {
  const { start, texts, processor } = printing();
  for (let trace = 0; trace < 1_002; trace++) start('child', 1, start('root', 0)).end(at(2));
  assert.equal(texts.length, 2);
  assert.equal(outline(texts[0]), `${HEAD}.000Z  2.0 ms  2 spans  (partial)\nroot        open\n└─ child  1.0 ms\n`);
  // A flush cannot print the others, so nothing is pending that a further one could print.
  return processor.forceFlush().then((result) => assert.deepEqual(result, { exported: 0, pending: 0, dropped: 0 }));
});

test('the children of a root that never ends are printed when there are too many of them', () => {
  const { start, texts } = printing();
  const root = start('root', 0);
  for (let child = 0; child <= 10_000; child++) start('child', 1, root).end(at(2));
  assert.equal(texts.length, 1);
  assert.match(outline(texts[0]), /10,002 spans {2}\(partial\)\nroot +open\n└─ child x10001 /);
});

test('a shutdown prints what is held, marks it as unfinished, and ends the printing', async () => {
  const { start, texts, processor } = printing();
  const root = start('root', 0);
  start('child', 1, root).end(at(2));
  await processor.shutdown();
  assert.deepEqual(texts.map(outline), [
    `${HEAD}.000Z  2.0 ms  2 spans  (unfinished)\nroot        open\n└─ child  1.0 ms\n`,
  ]);
  root.end(at(3));
  await processor.shutdown();
  assert.equal(texts.length, 1);
});

describe('as JSON', () => {
  test('a trace is one line, a request that a collector would accept', () => {
    const { start, texts } = printing('json');
    const root = start('root', 0);
    start('child\n\x1b[31m\x9b\u202e\ud83d\ude00', 1, root, { attributes: { text: 'a\nb' } }).end(at(2));
    root.end(at(3));
    assert.equal(texts.length, 1);
    assert.match(texts[0], /^[^\n]+\n$/);
    const spans = flatten(decodeJsonRequest(texts[0]));
    assert.deepEqual(
      spans.map(({ name, parentSpanId, attributes, startTimeUnixNano }) => [
        name,
        parentSpanId,
        attributes,
        startTimeUnixNano,
      ]),
      [
        ['child\n\x1b[31m\x9b\u202e\ud83d\ude00', '0000000000000002', { text: 'a\nb' }, 1_704_067_200_001_000_000n],
        ['root', '', {}, 1_704_067_200_000_000_000n],
      ],
    );
    assert.doesNotMatch(texts[0].trimEnd(), /[\p{Cc}\u202e]/u);
  });
});

test('without a write function, it writes to standard output', (t) => {
  const written: unknown[] = [];
  t.mock.method(process.stdout, 'write', (text: unknown) => written.push(text) > 0);
  const { start, ended } = printing();
  start('root', 0).end(at(1));
  new StdoutSpanProcessor().onEnd(ended[0]);
  t.mock.restoreAll();
  assert.deepEqual(
    written.map((text) => outline(String(text))),
    [`${HEAD}.000Z  1.0 ms  1 span\nroot  1.0 ms\n\n`],
  );
});

describe('the spans below one local root', () => {
  test('are kept apart from those below another one of the same trace', () => {
    const printed: string[] = [];
    const processor = new StdoutSpanProcessor({ write: (text) => printed.push(text) });
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    const remote = nonRecordingSpan({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      isRemote: true,
    });
    const context = setSpan(ROOT_CONTEXT, remote);
    const [first, second] = ['first', 'second'].map((name) => tracer.startSpan(name, {}, context));
    tracer.startSpan('of the second', {}, setSpan(ROOT_CONTEXT, second)).end();
    first.end();
    second.end();
    assert.deepEqual(
      printed.map((text) => /of the second/.test(text)),
      [false, true],
    );
    assert.ok(printed.every((text) => !text.includes('(late)')));
  });

  test('are printed even if an attribute is too long for a string', () => {
    const printed: string[] = [];
    const processor = new StdoutSpanProcessor({ write: (text) => printed.push(text) });
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    const root = tracer.startSpan('root', { attributes: { huge: Array(300).fill('x'.repeat(2_000_000)) } });
    tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    assert.match(printed.join(''), /root .*\n.*huge=\["xxx[\s\S]*child/);
  });
});

describe('the choice of attributes', () => {
  test('is made of keys and prefixes of keys', () => {
    for (const attributes of [[], ['*'], ['llm.model', 'audio.*'], ['ä b']]) {
      assert.doesNotThrow(() => new StdoutSpanProcessor({ attributes }), `${attributes}`);
    }
    for (const attributes of ['llm.*', [''], ['*.model'], ['a**'], [1], null, {}]) {
      assert.throws(() => new StdoutSpanProcessor({ attributes: attributes as string[] }), {
        name: 'TypeError',
        message: `attributes: ${JSON.stringify(attributes)} is not an array of attribute keys, or of key prefixes followed by *`,
      });
    }
  });
});

test('more than ten traces of one shape in a second are combined in a line, except in JSON', async () => {
  for (const [format, count] of [
    ['pretty', 11],
    ['json', 30],
  ] as const) {
    const { start, texts, processor } = printing(format);
    for (let trace = 0; trace < 30; trace++) start('root', 0).end(at(3));
    await processor.forceFlush();
    assert.equal(texts.length, count, format);
    if (format === 'pretty')
      assert.match(texts[10], /^… 20 more of root in [^,]+, p50 3.0 ms, p95 3.0 ms, 0 errors\n$/);
  }
});

test('a write function that throws does no harm, and is called once for a trace', async () => {
  let calls = 0;
  const processor = new StdoutSpanProcessor({
    write: () => {
      calls++;
      throw new Error('broken');
    },
  });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  for (let trace = 0; trace < 30; trace++) assert.doesNotThrow(() => tracer.startSpan('root').end(), 'end() throws');
  await processor.forceFlush();
  assert.equal(calls, 11, 'ten traces, and the line for the others');
  const root = tracer.startSpan('another root');
  tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root)).end();
  root.end();
  assert.equal(calls, 12);
  await processor.shutdown();
});

test('a write function runs with tracing suppressed', () => {
  let calls = 0;
  const processor = new StdoutSpanProcessor({
    write: () => {
      calls++;
      tracer.startSpan('write').end();
    },
  });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  tracer.startSpan('root').end();
  assert.equal(calls, 1);
});

test('what is printed later is not printed in the context of a request', async () => {
  const requests = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const processor = new StdoutSpanProcessor({ write: () => seen.push(requests.getStore()) });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  requests.run('request', () => {
    for (let trace = 0; trace < 11; trace++) tracer.startSpan('root').end();
  });
  while (seen.length < 11) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(seen, [...Array(10).fill('request'), undefined]);
  await processor.shutdown();
});
