import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { StdoutSpanProcessor, type StdoutSpanProcessorOptions } from '../../src/export/stdout.ts';

function started(options: StdoutSpanProcessorOptions = {}) {
  const printed: string[] = [];
  const processor = new StdoutSpanProcessor({ write: (text) => printed.push(text), ...options });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  return { printed, processor, tracer };
}

test('without a place to write to, it writes to standard output', (t) => {
  const written: unknown[] = [];
  t.mock.method(process.stdout, 'write', (text: unknown) => written.push(text) > 0);
  started({ write: undefined }).tracer.startSpan('root').end();
  t.mock.restoreAll();
  assert.equal(written.length, 1);
  assert.match(String(written[0]), /^trace [0-9a-f]{32} .*\nroot .*\n$/);
});

test('it shows the attributes that are asked for', () => {
  const { printed, tracer } = started({ attributes: ['llm.*', 'user'] });
  tracer
    .startSpan('root', { attributes: { 'llm.model': 'm', 'llm.provider': 'p', user: 'u', 'user.name': 'n' } })
    .end();
  assert.match(printed[0], /\n {3}llm\.model=m {2}llm\.provider=p {2}user=u\n$/);
});

test('what it writes to is no terminal, and has no colours', () => {
  const { printed, tracer } = started();
  tracer.startSpan('root').setStatus({ code: 2, message: 'no' }).end();
  assert.ok(!printed[0].includes('\x1b'), printed[0]);
});

for (const [options, message] of [
  [{ format: 'xml' }, 'format: "xml" is not one of pretty, json'],
  [{ attributes: 'llm.*' }, 'attributes: "llm.*" is not an array of keys'],
  [{ attributes: [1] }, 'attributes: 1 is not an array of keys'],
] as [object, string][]) {
  test(`it refuses what it cannot use: ${message}`, () => {
    assert.throws(() => new StdoutSpanProcessor(options), new TypeError(message));
  });
}

describe('what is below one local root', () => {
  test('is told from what is below another of the same trace', () => {
    const { printed, tracer } = started();
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
    assert.ok(
      printed.every((text) => !text.includes('(late)')),
      printed.join(''),
    );
  });

  test('is printed although an attribute of it is larger than any string', () => {
    const { printed, tracer } = started();
    const root = tracer.startSpan('root', { attributes: { huge: Array(300).fill('x'.repeat(2_000_000)) } });
    tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    assert.match(printed.join(''), /\nroot .*\n.*huge=\["xxx[\s\S]*child/);
  });
});
