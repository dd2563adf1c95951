import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlushOptions, SpanProcessor } from '../../src/core/processor.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();

/** A processor whose methods do nothing unless given. */
const processor = (given: Partial<SpanProcessor>): SpanProcessor => ({
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
  ...given,
});

describe('a tracer provider', () => {
  it('gives the same tracer for the same scope', () => {
    const provider = new TracerProvider();
    const tracer = provider.getTracer('a', '1', { schemaUrl: 's' });
    assert.equal(provider.getTracer('a', '1', { schemaUrl: 's' }), tracer);
    for (const args of [
      ['b', '1', { schemaUrl: 's' }],
      ['a', '2', { schemaUrl: 's' }],
      ['a', '1'],
      ['a'],
      ['a,1'],
    ] as const) {
      assert.notEqual(provider.getTracer(...(args as [string])), tracer);
    }
  });

  it('names the scope of its tracers in what is sent', () => {
    const recorder = new Recorder();
    recorder.provider.getTracer('scope', '1.0', { schemaUrl: 'https://schema' }).startSpan('s').end();
    recorder.provider.getTracer('bare').startSpan('s').end();
    assert.deepEqual(
      recorder.sent().map(({ scope }) => [scope.name, scope.version, scope.schemaUrl]),
      [
        ['scope', '1.0', 'https://schema'],
        ['bare', '', ''],
      ],
    );
    assert.deepEqual(recorder.ended[0].instrumentationScope, {
      name: 'scope',
      version: '1.0',
      schemaUrl: 'https://schema',
    });
    assert.deepEqual(recorder.ended[1].instrumentationScope, {
      name: 'bare',
      version: undefined,
      schemaUrl: undefined,
    });
  });

  it('treats a scope name that is not a string as empty', () => {
    const recorder = new Recorder();
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const hostile of [5, null, 1n, circular, Symbol('s')] as never[]) {
      recorder.provider.getTracer(hostile, hostile, { schemaUrl: hostile }).startSpan('s').end();
    }
    for (const { scope } of recorder.sent())
      assert.deepEqual([scope.name, scope.version, scope.schemaUrl], ['', '', '']);
    assert.equal(recorder.ended.length, 5);
  });

  it('names a wrong option and says what is required', () => {
    const wrong: [options: unknown, message: RegExp][] = [
      [{ sampler: {} }, /^\w+Error: sampler: an object with shouldSample\(\) is required$/],
      [
        { idGenerator: {} },
        /^\w+Error: idGenerator: an object with generateTraceId\(\), generateSpanId\(\) is required$/,
      ],
      [{ idGenerator: { generateTraceId() {} } }, /^\w+Error: idGenerator: /],
      [{ spanProcessors: {} }, /^\w+Error: spanProcessors: an array/],
      [{ spanProcessors: null }, /^\w+Error: spanProcessors: an array/],
      [{ spanProcessors: [processor({}), {}] }, /^\w+Error: spanProcessors: .*onEnd\(\), forceFlush\(\), shutdown\(\)/],
      [{ spanProcessors: [undefined] }, /^\w+Error: spanProcessors: /],
      [
        { spanLimits: { eventCountLimit: -1 } },
        /^\w+Error: spanLimits\.eventCountLimit: -1 is not a number of at least 0$/,
      ],
      [
        { spanLimits: { events: 1 } },
        /^\w+Error: spanLimits\.events: unknown option; known options are attributeCountLimit, /,
      ],
    ];
    for (const [options, message] of wrong) assert.throws(() => new TracerProvider(options as never), message);
  });

  it('counts the recorded spans that have not ended', () => {
    const { provider, tracer } = new Recorder();
    const spans = [tracer.startSpan('a'), tracer.startSpan('b')];
    assert.equal(provider.live, 2);
    spans[0].end();
    spans[0].end();
    assert.equal(provider.live, 1);
    spans[1].end();
    assert.equal(provider.live, 0);
  });
});

describe('the processors', () => {
  it('are called for each span, in order', () => {
    const calls: string[] = [];
    const named = (name: string) =>
      processor({ onStart: () => calls.push(`start ${name}`), onEnd: () => calls.push(`end ${name}`) });
    const provider = new TracerProvider({ spanProcessors: [named('a'), processor({}), named('b')] });
    const span = provider.getTracer('t').startSpan('s');
    assert.deepEqual(calls, ['start a', 'start b']);
    span.end();
    span.end();
    assert.deepEqual(calls, ['start a', 'start b', 'end a', 'end b']);
  });

  it('are told of the end once the span can no longer change', () => {
    const seen: unknown[] = [];
    const watch = processor({
      onEnd(span) {
        (span as never as { setAttribute(key: string, value: number): void }).setAttribute('late', 1);
        seen.push(span.ended, span.attributes);
      },
    });
    new TracerProvider({ spanProcessors: [watch] }).getTracer('t').startSpan('s').end();
    assert.deepEqual(seen, [true, {}]);
  });

  it('that throw disturb neither the application nor each other', async () => {
    const fail = () => {
      throw new Error('a defect');
    };
    const broken = processor({ onStart: fail, onEnd: fail, forceFlush: fail, shutdown: fail });
    const rejecting = processor({
      forceFlush: () => Promise.reject(new Error('a defect')),
      shutdown: () => Promise.reject(new Error('a defect')),
    });
    let ended = 0;
    const counting = processor({
      onEnd: () => ended++,
      forceFlush: async () => ({ exported: 3, pending: 2, dropped: 1 }),
      shutdown: async () => ({ exported: 6, pending: 5, dropped: 4 }),
    });
    const provider = new TracerProvider({ spanProcessors: [broken, rejecting, counting, counting] });
    provider.getTracer('t').startSpan('s').end();
    assert.equal(ended, 2);
    assert.deepEqual(await provider.forceFlush(), { exported: 6, pending: 4, dropped: 2 });
    assert.deepEqual(await provider.shutdown(), { exported: 12, pending: 10, dropped: 8 });
    assert.deepEqual(codesOf(log), ['processor_failed']);
    assert.match(log[0].message, /onStart.*a defect/);
  });

  it('are flushed concurrently, with the given options', async () => {
    const calls: unknown[] = [];
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = processor({ forceFlush: () => waiting });
    const second = processor({
      forceFlush: async (options?: FlushOptions) => {
        calls.push(options);
        release();
      },
    });
    const provider = new TracerProvider({ spanProcessors: [first, second] });
    assert.deepEqual(await provider.forceFlush({ timeoutMillis: 5 }), { exported: 0, pending: 0, dropped: 0 });
    assert.deepEqual(calls, [{ timeoutMillis: 5 }]);
  });

  it('are shut down once', async () => {
    let calls = 0;
    const provider = new TracerProvider({
      spanProcessors: [
        processor({
          shutdown: async () => {
            calls++;
          },
        }),
      ],
    });
    assert.equal(provider._isShutDown, false);
    const first = provider.shutdown();
    assert.equal(provider._isShutDown, true);
    assert.equal(provider.shutdown(), first);
    await first;
    await provider.shutdown();
    assert.equal(calls, 1);
  });
});

describe('a provider without processors', () => {
  it('has nothing to flush', async () => {
    const provider = new TracerProvider();
    provider.getTracer('t').startSpan('s').end();
    assert.deepEqual(await provider.forceFlush(), { exported: 0, pending: 0, dropped: 0 });
    assert.deepEqual(await provider.shutdown(), { exported: 0, pending: 0, dropped: 0 });
  });
});
