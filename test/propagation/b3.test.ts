import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, ROOT_CONTEXT, setSpan, spanIn, suppressTracing } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import { B3InjectEncoding, B3Propagator } from '../../src/propagation/b3.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { workOf } from './work.ts';

const TRACE_ID = '80f198ee56343ba864fe8b2a57d3eff7';
const SHORT_ID = '64fe8b2a57d3eff7';
const SPAN_ID = 'e457b5a2e4d86bd1';
const PARENT_ID = '05e3ac9a4f6e3b90';

const single = new B3Propagator();
const multi = new B3Propagator({ injectEncoding: 'multi' });

function extracted(carrier: unknown, context = ROOT_CONTEXT): SpanContext | undefined {
  const result = single.extract(context, carrier);
  assert.deepEqual(
    spanIn(multi.extract(context, carrier))?.spanContext().traceFlags,
    spanIn(result)?.spanContext().traceFlags,
  );
  const spanContext = spanIn(result)?.spanContext();
  if (spanContext === undefined) assert.equal(result, context);
  return spanContext;
}

const flagsOf = (carrier: unknown): number | undefined => extracted(carrier)?.traceFlags;
const several = (sampled?: string, flags?: string) => ({
  'x-b3-traceid': TRACE_ID,
  'x-b3-spanid': SPAN_ID,
  ...(sampled !== undefined && { 'x-b3-sampled': sampled }),
  ...(flags !== undefined && { 'x-b3-flags': flags }),
});

function injected(context: Context, propagator = single): Record<string, string> {
  const carrier = {};
  propagator.inject(context, carrier);
  return carrier;
}

const contextWith = (traceFlags: number): Context =>
  setSpan(ROOT_CONTEXT, nonRecordingSpan({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags }));

describe('extracting the header b3', () => {
  it('reads ids and the decision, and marks the span context as remote', () => {
    const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true };
    assert.deepEqual(extracted({ b3: `${TRACE_ID}-${SPAN_ID}-1` }), spanContext);
    assert.deepEqual(extracted(new Headers({ B3: `${TRACE_ID}-${SPAN_ID}-1` })), spanContext);
    assert.equal(spanIn(single.extract(ROOT_CONTEXT, { b3: `${TRACE_ID}-${SPAN_ID}-1` }))?.isRecording(), false);
  });

  it('treats 0 and no decision as not sampled, 1 and d as sampled', () => {
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-0` }), 0);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}` }), 0);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-1` }), 1);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-d` }), 1);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-true` }), 1);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-false` }), 0);
  });

  it('ignores the parent’s id', () => {
    assert.equal(extracted({ b3: `${TRACE_ID}-${SPAN_ID}-1-${PARENT_ID}` })?.spanId, SPAN_ID);
    assert.equal(flagsOf({ b3: `${TRACE_ID}-${SPAN_ID}-${PARENT_ID}` }), 0);
  });

  it('pads a short trace id with zeros, without the random flag', () => {
    const spanContext = extracted({ b3: `${SHORT_ID}-${SPAN_ID}-1` });
    assert.equal(spanContext?.traceId, `0000000000000000${SHORT_ID}`);
    assert.equal(spanContext?.traceFlags, 1);
  });

  it('accepts upper-case digits', () => {
    const spanContext = extracted({ b3: `${TRACE_ID.toUpperCase()}-${SPAN_ID.toUpperCase()}-D` });
    assert.deepEqual([spanContext?.traceId, spanContext?.spanId, spanContext?.traceFlags], [TRACE_ID, SPAN_ID, 1]);
  });

  it('uses the first of several values, without surrounding white space', () => {
    const other = `${TRACE_ID.replace('8', '9')}-${SPAN_ID}-0`;
    for (const b3 of [[`${TRACE_ID}-${SPAN_ID}-1`, other], `\t ${TRACE_ID}-${SPAN_ID}-1 \t, ${other}`]) {
      assert.equal(extracted({ b3 })?.traceId, TRACE_ID);
    }
  });

  it('ignores invalid values', () => {
    const invalid = [
      '',
      '-',
      TRACE_ID,
      `${TRACE_ID}-`,
      `${TRACE_ID}-${SPAN_ID}-`,
      `${TRACE_ID}-${SPAN_ID}-2`,
      `${TRACE_ID}-${SPAN_ID}-constructor`,
      `${TRACE_ID}-${SPAN_ID}-1-`,
      `${TRACE_ID}-${SPAN_ID}-1-${PARENT_ID}-1`,
      `${TRACE_ID}-${SPAN_ID}-1-${PARENT_ID}0`,
      `${TRACE_ID}-${SPAN_ID} -1`,
      `${TRACE_ID}-${SPAN_ID}-1 x`,
      `x${TRACE_ID}-${SPAN_ID}-1`,
      `${TRACE_ID}0-${SPAN_ID}-1`,
      `${TRACE_ID.slice(1)}-${SPAN_ID}-1`,
      `${SHORT_ID.slice(1)}-${SPAN_ID}-1`,
      `${TRACE_ID}-${SPAN_ID}0-1`,
      `${TRACE_ID}-${SPAN_ID.slice(1)}-1`,
      `${TRACE_ID}-g${SPAN_ID.slice(1)}-1`,
      `${'0'.repeat(32)}-${SPAN_ID}-1`,
      `${'0'.repeat(16)}-${SPAN_ID}-1`,
      `${TRACE_ID}-${'0'.repeat(16)}-1`,
    ];
    for (const b3 of invalid) assert.equal(extracted({ b3 }), undefined, JSON.stringify(b3));
  });
});

describe('extracting the headers x-b3-…', () => {
  it('reads ids and the decision', () => {
    assert.deepEqual(extracted(several('1')), { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    const headers = { 'X-B3-TraceId': SHORT_ID, 'X-B3-SpanId': SPAN_ID, 'X-B3-Sampled': '1' };
    assert.equal(extracted(headers)?.traceId, `0000000000000000${SHORT_ID}`);
  });

  it('treats 0, false and no decision as not sampled, 1, true and the flag 1 as sampled', () => {
    for (const sampled of ['0', 'false', 'False', undefined, '']) assert.equal(flagsOf(several(sampled)), 0, sampled);
    for (const sampled of ['1', 'true', 'True', 'd']) assert.equal(flagsOf(several(sampled)), 1, sampled);
    for (const sampled of ['0', '1', undefined, 'x']) assert.equal(flagsOf(several(sampled, '1')), 1, sampled);
    assert.equal(flagsOf(several('0', '0')), 0);
  });

  it('ignores invalid values', () => {
    for (const sampled of ['2', 'yes', '-1', '1 1', 'constructor']) {
      assert.equal(extracted(several(sampled)), undefined, sampled);
    }
    for (const name of ['x-b3-traceid', 'x-b3-spanid'] as const) {
      for (const id of ['', '0'.repeat(16), SPAN_ID.slice(1), `${SPAN_ID}0`, `${SPAN_ID} 1`, `${SPAN_ID}-${SPAN_ID}`]) {
        assert.equal(extracted({ ...several('1'), [name]: id }), undefined, `${name}: ${id}`);
      }
      const { [name]: _, ...rest } = several('1');
      assert.equal(extracted(rest), undefined, `no ${name}`);
    }
  });

  it('is read after b3, and instead of an invalid one', () => {
    const b3 = `${TRACE_ID.replace('8', '9')}-${SPAN_ID}-0`;
    assert.equal(extracted({ ...several('1'), b3 })?.traceId, TRACE_ID.replace('8', '9'));
    assert.equal(extracted({ ...several('1'), b3: 'nonsense' })?.traceId, TRACE_ID);
  });
});

describe('a caller that sends only a decision', () => {
  it('not to sample is respected: an unsampled trace starts here and is propagated', () => {
    for (const carrier of [{ b3: '0' }, { b3: 'false' }, { 'x-b3-sampled': '0' }, { b3: '0', ...several('1') }]) {
      const context = single.extract(ROOT_CONTEXT, carrier);
      const spanContext = spanIn(context)?.spanContext();
      assert.equal(spanContext?.traceFlags, 0);
      assert.equal(spanContext?.isRemote, true);
      assert.notEqual(spanContext?.traceId, TRACE_ID);
      assert.match(injected(context).b3, /^[0-9a-f]{32}-[0-9a-f]{16}-0$/);
      const other: { traceparent?: string } = {};
      new W3CTraceContextPropagator().inject(context, other);
      assert.match(other.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    }
    assert.notEqual(extracted({ b3: '0' })?.traceId, extracted({ b3: '0' })?.traceId);
  });

  it('does not replace an existing trace', () => {
    const context = contextWith(1);
    for (const carrier of [{ b3: '0' }, { 'x-b3-sampled': '0' }])
      assert.equal(single.extract(context, carrier), context);
  });

  it('to sample has no effect', () => {
    for (const b3 of ['1', 'true', 'd']) assert.equal(extracted({ b3 }), undefined, b3);
    assert.equal(extracted({ 'x-b3-sampled': '1' }), undefined);
    assert.equal(extracted({ 'x-b3-flags': '1' }), undefined);
  });
});

describe('injecting B3', () => {
  it('writes one header', () => {
    for (const [traceFlags, decision] of [
      [0, '0'],
      [1, '1'],
      [2, '0'],
      [3, '1'],
      [0xff, '1'],
    ] as const) {
      assert.deepEqual(injected(contextWith(traceFlags)), { b3: `${TRACE_ID}-${SPAN_ID}-${decision}` });
    }
    assert.deepEqual(single.fields(), ['b3']);
    assert.deepEqual(injected(contextWith(1), new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER })), {
      b3: `${TRACE_ID}-${SPAN_ID}-1`,
    });
  });

  it('writes several headers if that is set', () => {
    assert.deepEqual(injected(contextWith(3), multi), several('1'));
    assert.deepEqual(injected(contextWith(0), multi), several('0'));
    assert.deepEqual(multi.fields(), ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags']);
    const other = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
    assert.deepEqual(other.fields(), multi.fields());
  });

  it('propagates the debug flag, from either form to either', () => {
    for (const carrier of [{ b3: `${TRACE_ID}-${SPAN_ID}-d` }, several(undefined, '1')]) {
      const context = single.extract(ROOT_CONTEXT, carrier);
      const child = setSpan(context, nonRecordingSpan({ traceId: TRACE_ID, spanId: PARENT_ID, traceFlags: 1 }));
      assert.deepEqual(injected(child), { b3: `${TRACE_ID}-${PARENT_ID}-d` });
      assert.deepEqual(injected(child, multi), { ...several(undefined, '1'), 'x-b3-spanid': PARENT_ID });
      const next = single.extract(context, { b3: `${TRACE_ID}-${SPAN_ID}-1` });
      assert.deepEqual(injected(next), { b3: `${TRACE_ID}-${SPAN_ID}-1` }, 'another caller has another wish');
    }
  });

  it('writes nothing without a valid span context, or if tracing is suppressed', () => {
    for (const propagator of [single, multi]) {
      assert.deepEqual(injected(ROOT_CONTEXT, propagator), {});
      assert.deepEqual(injected(suppressTracing(contextWith(1)), propagator), {});
      const none = { traceId: '0'.repeat(32), spanId: SPAN_ID, traceFlags: 1 };
      assert.deepEqual(injected(setSpan(ROOT_CONTEXT, nonRecordingSpan(none)), propagator), {});
    }
  });

  it('throws for an unknown form', () => {
    for (const injectEncoding of ['both', 1, null, Symbol('form')] as never[]) {
      assert.throws(() => new B3Propagator({ injectEncoding }), {
        name: 'TypeError',
        message: /^injectEncoding: .* is not one of single, multi$/,
      });
    }
  });
});

describe('the B3 propagator', () => {
  it('reads a megabyte no more than once', () => {
    for (const fill of ['0', '0-', '-', ' ', 'd', ',', '\t-', `${TRACE_ID}-`]) {
      for (const start of ['', `${TRACE_ID}-`, `${TRACE_ID}-${SPAN_ID}-`]) {
        const b3 = (start + fill.repeat(1_000_000)).slice(0, 1_000_000);
        for (const carrier of [{ b3 }, { ...several('1'), 'x-b3-traceid': b3 }]) {
          const work = workOf(() => single.extract(ROOT_CONTEXT, carrier));
          assert.ok(work < 1_000_000, `${work} for ${JSON.stringify(start + fill)}`);
        }
      }
    }
  });
});
