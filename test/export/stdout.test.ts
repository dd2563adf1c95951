import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { StdoutSpanProcessor } from '../../src/export/stdout.ts';
import { decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { at, printing } from './printed-trace.ts';

// A trace as it is printed, without its time axis and the bars on it, which are for waterfall.test.ts.
function outline(text: string): string {
  return text.replace(/^ +│0.*\n/m, '').replace(/ +◄?[ ━─╸]+$/gm, '');
}

const HEAD = 'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00';

test('a trace is printed when its local root ends, and not before', () => {
  const { start, texts } = printing();
  const root = start('root', 0);
  start('child', 1, root).end(at(2));
  assert.deepEqual(texts, []);
  root.end(at(3));
  assert.deepEqual(texts.map(outline), [`${HEAD}.000Z  3.0 ms  2 spans\n  root      3.0 ms\n  └─ child  1.0 ms\n`]);
});

test('traces that run at the same time are printed apart', () => {
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
  assert.equal(texts[1], `${HEAD}.001Z  3.0 ms  1 span  (late)\n  ╶─ child  3.0 ms   below 0000000000000002\n`);
});

test('under a remote parent a span is the root of what is seen here', () => {
  const { start, texts } = printing();
  const parent = { traceId: '1'.padStart(32, '0'), spanId: 'a'.repeat(16), traceFlags: 1, isRemote: true };
  const server = start('server', 0, parent);
  start('child', 1, server).end(at(2));
  server.end(at(3));
  assert.deepEqual(texts.map(outline), [`${HEAD}.000Z  3.0 ms  2 spans\n  server    3.0 ms\n  └─ child  1.0 ms\n`]);
});

test('a second request of the same trace is a tree of its own, and nothing in it is late', () => {
  const { start, texts } = printing();
  const parent = { traceId: '1'.padStart(32, '0'), spanId: 'a'.repeat(16), traceFlags: 1, isRemote: true };
  for (let request = 0; request < 2; request++) {
    const server = start('server', 0, parent);
    start('child', 1, server).end(at(2));
    server.end(at(3));
  }
  const text = `${HEAD}.000Z  3.0 ms  2 spans\n  server    3.0 ms\n  └─ child  1.0 ms\n`;
  assert.deepEqual(texts.map(outline), [text, text]);
});

test('the children of a root that never ends are printed when there are too many traces of the kind', () => {
  const { start, texts, processor } = printing();
  for (let trace = 0; trace < 1_002; trace++) start('child', 1, start('root', 0)).end(at(2));
  assert.equal(texts.length, 2);
  assert.equal(texts[0], `${HEAD}.001Z  1.0 ms  1 span  (partial)\n  ╶─ child  1.0 ms   below 0000000000000002\n`);
  return processor.forceFlush().then((result) => assert.deepEqual(result, { exported: 0, pending: 1_000, dropped: 0 }));
});

test('the children of a root that never ends are printed when there are too many of them', () => {
  const { start, texts } = printing();
  const root = start('root', 0);
  for (let child = 0; child <= 10_000; child++) start('child', 1, root).end(at(2));
  assert.equal(texts.length, 1);
  assert.match(texts[0], /10001 spans {2}\(partial\)\n/);
});

test('a shutdown prints what is held, says that it is unfinished, and ends the printing', async () => {
  const { start, texts, processor } = printing();
  const root = start('root', 0);
  start('child', 1, root).end(at(2));
  await processor.shutdown();
  assert.deepEqual(texts.map(outline), [
    `${HEAD}.001Z  1.0 ms  1 span  (unfinished)\n  ╶─ child  1.0 ms   below 0000000000000002\n`,
  ]);
  root.end(at(3));
  await processor.shutdown();
  assert.equal(texts.length, 1);
});

describe('as JSON', () => {
  test('a trace is one line, a request that a collector would take', () => {
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

test('without a place to write to, it writes to standard output', (t) => {
  const written: unknown[] = [];
  t.mock.method(process.stdout, 'write', (text: unknown) => written.push(text) > 0);
  const { start, ended } = printing();
  start('root', 0).end(at(1));
  new StdoutSpanProcessor().onEnd(ended[0]);
  t.mock.restoreAll();
  assert.deepEqual(written, [`${HEAD}.000Z  1.0 ms  1 span\n  root  1.0 ms\n`]);
});

describe('what is below one local root', () => {
  test('is told from what is below another of the same trace', () => {
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

  test('is printed although an attribute of it is larger than any string', () => {
    const printed: string[] = [];
    const processor = new StdoutSpanProcessor({ write: (text) => printed.push(text) });
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    const root = tracer.startSpan('root', { attributes: { huge: Array(300).fill('x'.repeat(2_000_000)) } });
    tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    assert.match(printed.join(''), /root [\s\S]*huge=\["xxx[\s\S]*child/);
  });
});
