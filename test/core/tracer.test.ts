import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import fc from 'fast-check';
import { type Context, ROOT_CONTEXT, setSpan, spanIn, suppressTracing } from '../../src/core/context.ts';
import { INVALID_SPAN, nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { processState } from '../../src/core/process-state.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { AlwaysOffSampler, SamplingDecision } from '../../src/core/sampler.ts';
import type { RecordingSpan, Span } from '../../src/core/span.ts';
import { INVALID_SPAN_CONTEXT, type SpanContext } from '../../src/core/span-context.ts';
import type { SpanTracer } from '../../src/core/tracer.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();
const REMOTE = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

/** A sampler that is asked through `shouldSample`. */
const longWay = {
  shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }),
  toString: () => 'the long way',
};

describe('a tracer', () => {
  it('is a Tracer of @opentelemetry/api', () => {
    const recorder = new Recorder();
    const tracer: api.Tracer = recorder.tracer;
    const span = tracer.startSpan('s', { attributes: { a: 1 }, kind: api.SpanKind.CLIENT }, api.ROOT_CONTEXT);
    span.end();
    assert.equal(recorder.ended[0].name, 's');
    assert.equal(recorder.ended[0].kind, api.SpanKind.CLIENT);
  });

  it('starts a new trace if there is no parent', () => {
    const recorder = new Recorder();
    const [first, second] = [recorder.start('a'), recorder.start('b')];
    assert.notEqual(first.spanContext().traceId, second.spanContext().traceId);
    assert.equal(first.parentSpanContext, undefined);
    assert.equal(first.isLocalRoot, true);
  });

  it('starts children of the span of a context', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    const child = recorder.start('child', undefined, setSpan(ROOT_CONTEXT, parent));
    assert.equal(child.spanContext().traceId, parent.spanContext().traceId);
    assert.notEqual(child.spanContext().spanId, parent.spanContext().spanId);
    assert.deepEqual(child.parentSpanContext, { ...parent.spanContext(), isRemote: false });
    assert.equal(child.isLocalRoot, false);
  });

  it('starts children of a span or a span context given as parent', () => {
    const { tracer } = new Recorder();
    for (const parent of [tracer.startSpan('p'), nonRecordingSpan(REMOTE), api.trace.wrapSpanContext(REMOTE), REMOTE]) {
      const child = tracer.startChild('child', undefined, parent as Span) as RecordingSpan;
      const expected = 'traceId' in parent ? parent : parent.spanContext();
      assert.equal(child.spanContext().traceId, expected.traceId);
      assert.equal(child.parentSpanContext?.spanId, expected.spanId);
    }
  });

  it('starts a child of a parent that has ended', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    parent.end();
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, parent));
    assert.equal(child.parentSpanContext?.spanId, parent.spanContext().spanId);
  });

  it('starts a child of the remote span of a context, with its flags and its trace state', () => {
    for (const flags of [0x01, 0x03]) {
      const recorder = new Recorder();
      const traceState = new W3CTraceState('a=1');
      const remote = nonRecordingSpan({ ...REMOTE, traceFlags: flags, traceState });
      const span = recorder.start('s', {}, setSpan(ROOT_CONTEXT, remote));
      assert.equal(span.spanContext().traceFlags, flags);
      assert.equal(span.spanContext().traceState, traceState);
      assert.equal(span.spanContext().isRemote, undefined);
      assert.equal(span.parentSpanContext?.isRemote, true);
      assert.equal(span.parentSpanContext?.traceState, traceState);
      assert.equal(span.isLocalRoot, true);
      span.end();
      const [sent] = recorder.sent();
      assert.equal(sent.traceState, 'a=1');
      assert.equal(sent.flags, 0x300 | flags);
    }
  });

  it('starts children of the spans of other libraries, in contexts of other libraries', () => {
    for (const sampler of [undefined, longWay]) {
      const recorder = new Recorder({ sampler });
      const foreign = api.trace.setSpan(api.ROOT_CONTEXT, api.trace.wrapSpanContext(REMOTE));
      const span = recorder.start('s', {}, foreign);
      assert.equal(span.spanContext().traceId, REMOTE.traceId);
      assert.equal(span.parentSpanContext?.spanId, REMOTE.spanId);
      assert.equal(span.parentSpanContext?.isRemote, true);

      const local = api.trace.wrapSpanContext({ ...REMOTE, isRemote: undefined });
      const ours = recorder.start('s', {}, setSpan(ROOT_CONTEXT, local as Span));
      assert.equal(ours.spanContext().traceId, REMOTE.traceId);
      assert.equal(ours.parentSpanContext?.isRemote, false);
      assert.equal(ours.isLocalRoot, true);
      assert.equal(recorder.start('root', {}, api.ROOT_CONTEXT).parentSpanContext, undefined);
    }
  });

  it('starts children of the spans of another provider', () => {
    const parent = new Recorder().start('parent');
    const recorder = new Recorder();
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, parent));
    assert.equal(child.parentSpanContext?.spanId, parent.spanContext().spanId);
    assert.equal(child.isLocalRoot, true);
    child.end();
    assert.equal(recorder.sent()[0].parentSpanId, parent.spanContext().spanId);
  });

  it('ignores a parent that names no span', () => {
    const nobody: unknown[] = [
      INVALID_SPAN,
      api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT),
      { spanContext: () => ({ ...REMOTE, traceId: REMOTE.traceId.toUpperCase() }) },
      { spanContext: () => undefined },
      { spanContext: () => null },
      { spanContext: () => assert.fail('no context') },
      {},
      'a span',
      5,
    ];
    for (const sampler of [undefined, longWay]) {
      const recorder = new Recorder({ sampler });
      for (const span of nobody) {
        const started = recorder.start('s', {}, setSpan(ROOT_CONTEXT, span as Span));
        assert.ok(started.isRecording());
        assert.equal(started.parentSpanContext, undefined);
        assert.equal(started.spanContext().traceFlags, 3);
      }
    }
    assert.deepEqual(log, []);
  });

  it('starts a new trace with `root`, whatever the context holds', () => {
    for (const sampler of [undefined, longWay]) {
      const recorder = new Recorder({ sampler });
      const key = Symbol('key');
      const context = setSpan(ROOT_CONTEXT, recorder.start('parent')).setValue(key, 'kept');
      const span = recorder.start('root', { root: true }, context);
      assert.equal(span.parentSpanContext, undefined);
      assert.notEqual(span.spanContext().traceId, recorder.started[0].span.spanContext().traceId);
      assert.equal(spanIn(recorder.started[1].parentContext), undefined);
      assert.equal(recorder.started[1].parentContext.getValue(key), 'kept');
    }
  });

  it('starts children of the active span', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    parent.run(() => {
      assert.equal(recorder.start('child').parentSpanContext?.spanId, parent.spanContext().spanId);
      assert.equal(recorder.start('given', {}, ROOT_CONTEXT).parentSpanContext, undefined);
    });
  });
});

describe('a started span', () => {
  it('is active in a callback, with any combination of arguments', () => {
    const { tracer, ended } = new Recorder();
    const context = setSpan(ROOT_CONTEXT, nonRecordingSpan(REMOTE));
    const options = { attributes: { a: 1 } };
    const check = (span: Span) => {
      assert.equal(spanIn(processState.contextStorage.getStore() as Context), span);
      span.end();
      return 'result';
    };
    assert.equal(tracer.startActiveSpan('bare', check), 'result');
    assert.equal(tracer.startActiveSpan('options', options, check), 'result');
    assert.equal(tracer.startActiveSpan('context', options, context, check), 'result');
    assert.equal(tracer.startActiveSpan('no context', options, undefined as never, check), 'result');
    assert.deepEqual(
      ended.map(({ name, attributes, parentSpanContext }) => [name, attributes, parentSpanContext?.spanId]),
      [
        ['bare', {}, undefined],
        ['options', { a: 1 }, undefined],
        ['context', { a: 1 }, REMOTE.spanId],
        ['no context', { a: 1 }, undefined],
      ],
    );
  });

  it('stays open when its callback throws, since the callback has to end it', () => {
    const recorder = new Recorder();
    assert.throws(() => recorder.tracer.startActiveSpan('s', () => assert.fail('thrown')), /thrown/);
    assert.deepEqual(recorder.ended, []);
    assert.equal(processState.contextStorage.getStore(), undefined);
  });

  it('is passed to a callback whatever the context is', () => {
    const { tracer } = new Recorder();
    const throwing = new Proxy({}, { get: () => assert.fail('a trap') });
    const contexts = [
      {},
      'context',
      5,
      throwing,
      { getValue: () => undefined },
      { getValue: () => undefined, setValue: 5 },
    ];
    for (const context of contexts) {
      let called: unknown;
      tracer.startActiveSpan('s', {}, context as Context, (span: Span) => {
        called = spanIn(processState.contextStorage.getStore() as Context);
        assert.equal(called, span);
      });
      assert.notEqual(called, undefined);
    }
  });
});

describe('suppressed tracing', () => {
  it('records nothing, and passes the trace on', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    assert.equal(recorder.tracer.startSpan('s', {}, suppressTracing(ROOT_CONTEXT)), INVALID_SPAN);
    const span = recorder.tracer.startSpan('s', {}, suppressTracing(setSpan(ROOT_CONTEXT, parent)));
    assert.equal(span.isRecording(), false);
    assert.equal(span.spanContext().traceId, parent.spanContext().traceId);
    const remote = nonRecordingSpan(REMOTE);
    assert.equal(recorder.tracer.startSpan('s', {}, suppressTracing(setSpan(ROOT_CONTEXT, remote))), remote);
    assert.equal(recorder.started.length, 1);
  });

  it('does not return the parent, so that nothing ends it', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    recorder.tracer.startSpan('s', {}, suppressTracing(setSpan(ROOT_CONTEXT, parent))).end();
    assert.ok(parent.isRecording());
  });

  it('is recognized in contexts of @opentelemetry/core', () => {
    const key = api.createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    const context = api.ROOT_CONTEXT.setValue(key, true);
    assert.equal(new Recorder().tracer.startSpan('s', {}, context), INVALID_SPAN);
  });
});

describe('a span that is not sampled', () => {
  it('has its own id in the trace of its parent', () => {
    for (const sampler of [new AlwaysOffSampler(), { ...longWay, shouldSample: () => ({ decision: 0 as const }) }]) {
      const { tracer } = new Recorder({ sampler });
      const root = tracer.startSpan('root');
      assert.equal(root.isRecording(), false);
      assert.equal(root.spanContext().traceFlags, 2);
      const traceState = new W3CTraceState('a=1');
      const remote = nonRecordingSpan({ ...REMOTE, traceFlags: 3, traceState });
      const child = tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, remote));
      const { traceId, spanId, traceFlags } = child.spanContext();
      assert.equal(traceId, REMOTE.traceId);
      assert.match(spanId, /^[0-9a-f]{16}$/);
      assert.notEqual(spanId, REMOTE.spanId);
      assert.equal(traceFlags, 2);
      assert.equal(child.spanContext().traceState, traceState);
    }
  });

  it('has unsampled children, and reaches no processor', () => {
    const sampled = (id: string) => id.endsWith('1');
    fc.assert(
      fc.property(fc.boolean(), (yes) => {
        const traceId = REMOTE.traceId.slice(0, 31) + (yes ? '1' : '0');
        const recorder = new Recorder();
        const remote = nonRecordingSpan({ ...REMOTE, traceId, traceFlags: sampled(traceId) ? 1 : 0 });
        const first = recorder.start('first', {}, setSpan(ROOT_CONTEXT, remote));
        const second = recorder.start('second', {}, setSpan(ROOT_CONTEXT, first));
        assert.equal(first.isRecording(), yes);
        assert.equal(second.isRecording(), yes);
        assert.equal(recorder.started.length, yes ? 2 : 0);
        assert.equal(second.spanContext().traceId, traceId);
      }),
    );
  });

  it('can have a recorded child, which is a local root under it', () => {
    const decisions: (0 | 2)[] = [0, 2];
    const recorder = new Recorder({
      sampler: { ...longWay, shouldSample: () => ({ decision: decisions.shift() ?? 0 }) },
    });
    const parent = recorder.tracer.startSpan('parent');
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, parent));
    assert.equal(child.isLocalRoot, true);
    child.end();
    const [sent] = recorder.sent();
    assert.equal(sent.parentSpanId, parent.spanContext().spanId);
    assert.equal(sent.flags, 0x103);
  });
});

describe('what processors receive at the start', () => {
  it('is the span with its attributes and links, and the context of its parent', () => {
    const recorder = new Recorder();
    const context = setSpan(ROOT_CONTEXT, nonRecordingSpan(REMOTE));
    const span = recorder.start('s', { attributes: { a: 1 }, links: [REMOTE] }, context);
    assert.equal(recorder.started[0].span, span);
    assert.equal(recorder.started[0].parentContext, context);
    assert.deepEqual(span.attributes, { a: 1 });
    assert.equal(span.links.length, 1);
    const child = recorder.tracer.startChild('child', undefined, span);
    assert.equal(recorder.started[1].span, child);
    assert.equal(spanIn(recorder.started[1].parentContext), span);
  });

  it('includes, for an explicit parent, what else the active context holds', () => {
    const recorder = new Recorder();
    const key = Symbol('key');
    const parent = recorder.start('parent');
    processState.contextStorage.run(ROOT_CONTEXT.setValue(key, 'kept'), () => {
      recorder.tracer.startChild('child', undefined, parent);
    });
    const { parentContext } = recorder.started[1];
    assert.deepEqual([spanIn(parentContext), parentContext.getValue(key)], [parent, 'kept']);
  });
});

describe('a tracer whose provider is shut down', () => {
  it('records nothing, and passes the trace on', async () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    const other = recorder.provider.getTracer('other') as SpanTracer;
    await recorder.provider.shutdown();
    for (const tracer of [recorder.tracer, other, recorder.provider.getTracer('new') as SpanTracer]) {
      assert.equal(tracer.startSpan('s'), INVALID_SPAN);
      const child = tracer.startSpan('s', {}, setSpan(ROOT_CONTEXT, parent));
      assert.equal(child.isRecording(), false);
      assert.equal(child.spanContext().spanId, parent.spanContext().spanId);
      child.end();
      tracer.startChild('s', {}, parent).end();
    }
    assert.ok(parent.isRecording());
    assert.equal(recorder.started.length, 1);
    parent.end();
    assert.deepEqual(recorder.ended, [parent]);
    // The child of a span that has ended is another span, so it is not ended twice.
    recorder.tracer.startSpan('s', {}, setSpan(ROOT_CONTEXT, parent)).end();
    assert.deepEqual(codesOf(log), []);
  });
});

describe('a start that fails', () => {
  it('loses only its span, and is reported once', () => {
    const { tracer } = new Recorder();
    const throwing = new Proxy({}, { get: () => assert.fail('a trap') });
    const options: unknown[] = [
      throwing,
      {
        get kind(): never {
          throw new Error('a getter');
        },
      },
    ];
    for (const each of options) {
      assert.equal(tracer.startSpan('s', each as never), INVALID_SPAN);
      assert.equal(tracer.startChild('s', each as never, nonRecordingSpan(REMOTE)), INVALID_SPAN);
    }
    for (const context of [{}, 'context', throwing]) {
      assert.equal(tracer.startSpan('s', {}, context as Context), INVALID_SPAN);
    }
    assert.deepEqual(codesOf(log), ['start_failed']);
    assert.match(log[0].message, /a trap/);
  });

  it('does not happen with null options or invalid members', () => {
    const recorder = new Recorder();
    const options: unknown[] = [null, undefined, 5, 'options', { attributes: null, links: null, startTime: undefined }];
    for (const each of options) assert.ok(recorder.start('s', each as never).isRecording());
    assert.ok(recorder.start('s', {}, null as never).isRecording());
    assert.deepEqual(log, []);
  });
});

describe('flags', () => {
  it('of a parent or a link have eight bits, and OTLP adds others', () => {
    const recorder = new Recorder();
    const remote: SpanContext = { ...REMOTE, traceFlags: 0x1ff };
    recorder.start('s', { links: [remote] }, setSpan(ROOT_CONTEXT, nonRecordingSpan(remote))).end();
    const [{ flags, links }] = recorder.sent();
    assert.equal(flags, 0x3ff);
    assert.equal(links[0].flags, 0x3ff);
  });

  it('of the invalid span are zero', () => {
    assert.equal(INVALID_SPAN.spanContext(), INVALID_SPAN_CONTEXT);
    assert.equal(new TracerProvider()._rootFlags, 2);
  });
});
