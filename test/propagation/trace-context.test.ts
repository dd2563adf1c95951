import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ROOT_CONTEXT, setSpan, spanIn, suppressTracing } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';
import { workOf } from './work.ts';

const TRACE_ID = '12345678901234567890123456789012';
const SPAN_ID = '1234567890123456';
const VALID = `00-${TRACE_ID}-${SPAN_ID}-01`;

const propagator = new W3CTraceContextPropagator();

function extracted(carrier: unknown): SpanContext | undefined {
  const context = propagator.extract(ROOT_CONTEXT, carrier);
  const spanContext = spanIn(context)?.spanContext();
  if (spanContext === undefined) assert.equal(context, ROOT_CONTEXT);
  return spanContext;
}

function injected(spanContext: SpanContext): Record<string, string> {
  const carrier = {};
  propagator.inject(setSpan(ROOT_CONTEXT, nonRecordingSpan(spanContext)), carrier);
  return carrier;
}

function assertValid(traceparent: unknown): void {
  assert.equal(extracted({ traceparent })?.traceId, TRACE_ID, JSON.stringify(traceparent));
}

function assertInvalid(traceparent: unknown): void {
  assert.equal(extracted({ traceparent, tracestate: 'foo=1' }), undefined, JSON.stringify(traceparent));
}

describe('extracting a traceparent', () => {
  it('reads ids and flags, and marks the span context as remote', () => {
    assert.deepEqual(extracted({ traceparent: VALID }), {
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      traceFlags: 1,
      isRemote: true,
    });
  });

  it('adds a non-recording span to the context', () => {
    const span = spanIn(propagator.extract(ROOT_CONTEXT, { traceparent: VALID }));
    assert.equal(span?.isRecording(), false);
  });

  it('leaves the context unchanged if there is none', () => {
    for (const carrier of [{}, new Map(), new Headers(), { 'trace-parent': VALID }, { 'trace.parent': VALID }]) {
      assert.equal(extracted(carrier), undefined);
    }
  });

  it('keeps an existing span if there is no valid header', () => {
    const context = setSpan(ROOT_CONTEXT, nonRecordingSpan({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 0 }));
    assert.equal(propagator.extract(context, { traceparent: 'ff' }), context);
  });

  it('finds the header in any case', () => {
    for (const name of ['traceparent', 'TraceParent', 'TrAcEpArEnT', 'TRACEPARENT']) {
      assert.equal(extracted({ [name]: VALID })?.traceId, TRACE_ID);
      assert.equal(extracted(new Headers({ [name]: VALID }))?.traceId, TRACE_ID);
    }
  });

  it('accepts exactly 55 characters of version 00', () => {
    assertInvalid(`${VALID}.`);
    assertInvalid(`${VALID}-`);
    assertInvalid(`${VALID}-what-the-future-will-be-like`);
    assertInvalid(VALID.slice(0, 54));
    assertInvalid('');
  });

  it('accepts more characters of a higher version, after a dash', () => {
    for (const version of ['01', '0a', 'cc', 'fe']) {
      assertValid(VALID.replace('00', version));
      assertValid(VALID.replace('00', `${version}`).concat('-what-the-future-will-be-like'));
      assertValid(VALID.replace('00', version).concat('-'));
      assertInvalid(VALID.replace('00', version).concat('.what-the-future-will-be-like'));
      assertInvalid(VALID.replace('00', version).concat('0'));
      assertInvalid(VALID.replace('00', version).slice(0, 54));
    }
  });

  it('refuses version ff and invalid versions', () => {
    for (const version of ['ff', '.0', '0.', '000', '0000', '0', '', 'FE', 'zz', ' 0']) {
      assertInvalid(`${version}-${TRACE_ID}-${SPAN_ID}-01`);
    }
  });

  it('refuses ids that are all zero, too long, too short or not lower-case hexadecimal', () => {
    const traceIds = [
      '0'.repeat(32),
      `.${TRACE_ID.slice(1)}`,
      `${TRACE_ID.slice(1)}.`,
      `${TRACE_ID}3`,
      TRACE_ID.slice(1),
    ];
    for (const id of [...traceIds, `A${TRACE_ID.slice(1)}`, '']) assertInvalid(`00-${id}-${SPAN_ID}-01`);
    const spanIds = ['0'.repeat(16), `.${SPAN_ID.slice(1)}`, `${SPAN_ID.slice(1)}.`, `${SPAN_ID}7`, SPAN_ID.slice(1)];
    for (const id of [...spanIds, `F${SPAN_ID.slice(1)}`, '']) assertInvalid(`00-${TRACE_ID}-${id}-01`);
    assertInvalid(`cc-${'0'.repeat(32)}-${SPAN_ID}-01`);
    assertInvalid(`cc-${TRACE_ID}-${'0'.repeat(16)}-01`);
  });

  it('refuses flags that are not two lower-case hexadecimal digits', () => {
    for (const flags of ['.0', '0.', '001', '1', '', '0A', '0x']) assertInvalid(`00-${TRACE_ID}-${SPAN_ID}-${flags}`);
  });

  it('keeps the known flags and clears the others', () => {
    for (const [flags, known] of [
      ['00', 0],
      ['01', 1],
      ['02', 2],
      ['03', 3],
      ['ff', 3],
      ['09', 1],
      ['fc', 0],
    ]) {
      assert.equal(extracted({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-${flags}` })?.traceFlags, known);
    }
  });

  it('refuses several values', () => {
    const other = VALID.replace('12', '99');
    assertInvalid([VALID, other]);
    assertInvalid([VALID, VALID]);
    assertInvalid([VALID, '']);
    assertInvalid(`${VALID},${other}`);
    assertInvalid(`${VALID}, ${other}`);
    assertInvalid(`cc${VALID.slice(2)}-future,${other}`);
    assert.equal(extracted({ Traceparent: VALID, TRACEPARENT: other }), undefined);
    const headers = new Headers({ traceparent: VALID });
    headers.append('traceparent', other);
    assert.equal(extracted(headers), undefined);
    assertValid([VALID]);
  });

  it('allows white space around the value, which HTTP does not count as part of it', () => {
    for (const text of [` ${VALID}`, `\t${VALID}`, `${VALID} `, `${VALID}\t`, `\t ${VALID} \t`]) assertValid(text);
    assertInvalid(`\n${VALID}`);
    assertInvalid(`\u00a0${VALID}`);
  });

  it('does work proportional to the length', () => {
    for (const start of ['', VALID, `cc${VALID.slice(2)}`, `cc${VALID.slice(2)}-`]) {
      for (const fill of [' ', '-', 'a', ',', '\t-']) {
        const carrier = { traceparent: start + fill.repeat(1_000_000 / fill.length) };
        assert.ok(workOf(() => propagator.extract(ROOT_CONTEXT, carrier)) < 5_000_000);
      }
    }
  });
});

describe('extracting a tracestate', () => {
  const stateOf = (tracestate: unknown, traceparent = VALID): string | undefined =>
    extracted({ traceparent, tracestate })?.traceState?.serialize();

  it('adds it to the span context', () => {
    assert.equal(stateOf('foo=1,bar=2'), 'foo=1,bar=2');
    assert.equal(extracted({ traceparent: VALID, TraceState: 'foo=1' })?.traceState?.get('foo'), '1');
  });

  it('joins several headers in order', () => {
    const lines = ['foo=1,bar=2', '', 'rojo=1,congo=2', 'baz=3'];
    assert.equal(stateOf(lines), 'foo=1,bar=2,rojo=1,congo=2,baz=3');
    assert.equal(stateOf(['foo=1', 'foo=2']), 'foo=1');
    const headers = new Headers({ traceparent: VALID });
    for (const line of lines) headers.append('tracestate', line);
    assert.equal(extracted(headers)?.traceState?.serialize(), 'foo=1,bar=2,rojo=1,congo=2,baz=3');
  });

  it('drops it if the traceparent is invalid or missing', () => {
    assert.equal(extracted({ tracestate: 'foo=1' }), undefined);
    assert.equal(extracted({ traceparent: 'invalid', tracestate: 'foo=1' }), undefined);
  });

  it('keeps the traceparent if it is empty or invalid', () => {
    for (const tracestate of ['', ' ', ',', 'foo', 'foo=1,foo=', 'A=1', 1, null]) {
      const spanContext = extracted({ traceparent: VALID, tracestate });
      assert.equal(spanContext?.traceId, TRACE_ID);
      assert.equal(spanContext !== undefined && 'traceState' in spanContext, false);
    }
  });

  it('keeps the traceparent if reading it throws', () => {
    const getter = {
      keys: () => [],
      get: (_: unknown, key: string) => (key === 'traceparent' ? VALID : assert.fail()),
    };
    const spanContext = spanIn(propagator.extract(ROOT_CONTEXT, {}, getter))?.spanContext();
    assert.equal(spanContext?.traceId, TRACE_ID);
  });
});

describe('injecting a span context', () => {
  it('writes version 00 and the known flags', () => {
    const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID };
    for (const [traceFlags, flags] of [
      [0, '00'],
      [1, '01'],
      [2, '02'],
      [3, '03'],
      [0xff, '03'],
    ] as const) {
      const traceparent = `00-${TRACE_ID}-${SPAN_ID}-${flags}`;
      assert.deepEqual(injected({ ...spanContext, traceFlags }), { traceparent });
    }
    assert.deepEqual(injected({ ...spanContext, traceFlags: undefined as never }), {
      traceparent: `00-${TRACE_ID}-${SPAN_ID}-00`,
    });
  });

  it('writes the trace state unless it is empty', () => {
    const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
    const tracestate = 'foo=1,bar=2';
    assert.deepEqual(injected({ ...spanContext, traceState: new W3CTraceState(tracestate) }), {
      traceparent: VALID,
      tracestate,
    });
    assert.deepEqual(injected({ ...spanContext, traceState: new W3CTraceState() }), { traceparent: VALID });
  });

  it('writes another library’s trace state only as far as it is valid', () => {
    const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
    const stateOf = (text: unknown) => ({ ...new W3CTraceState(), serialize: () => text }) as never;
    assert.deepEqual(injected({ ...spanContext, traceState: stateOf('foo=1 , bar=2') }), {
      traceparent: VALID,
      tracestate: 'foo=1,bar=2',
    });
    for (const text of ['foo=1\r\nx: y', 'foo', 42, null, {}, Promise.resolve('foo=1')]) {
      assert.deepEqual(injected({ ...spanContext, traceState: stateOf(text) }), { traceparent: VALID });
    }
  });

  it('writes nothing without a valid span context', () => {
    const carrier = {};
    propagator.inject(ROOT_CONTEXT, carrier);
    assert.deepEqual(carrier, {});
    assert.deepEqual(injected({ traceId: '0'.repeat(32), spanId: SPAN_ID, traceFlags: 1 }), {});
    assert.deepEqual(injected({ traceId: TRACE_ID, spanId: '0'.repeat(16), traceFlags: 1 }), {});
    assert.deepEqual(injected({ traceId: TRACE_ID, spanId: `${SPAN_ID}\r\nx: y`, traceFlags: 1 }), {});
  });

  it('writes nothing if tracing is suppressed', () => {
    const carrier = {};
    propagator.inject(suppressTracing(propagator.extract(ROOT_CONTEXT, { traceparent: VALID })), carrier);
    assert.deepEqual(carrier, {});
  });

  it('writes through the given setter', () => {
    const written: string[] = [];
    const context = propagator.extract(ROOT_CONTEXT, { traceparent: VALID, tracestate: 'foo=1' });
    propagator.inject(context, written, { set: (carrier, key, value) => void (carrier as string[]).push(key, value) });
    assert.deepEqual(written, ['traceparent', VALID, 'tracestate', 'foo=1']);
    assert.deepEqual(propagator.fields(), ['traceparent', 'tracestate']);
  });

  it('never throws, whatever span and setter do', () => {
    const throws = (): never => assert.fail('thrown by the application');
    const context = propagator.extract(ROOT_CONTEXT, { traceparent: VALID });
    propagator.inject(context, {}, { set: throws });
    for (const span of [1, {}, { spanContext: throws }, { spanContext: () => null }, { spanContext: () => 1 }]) {
      propagator.inject(setSpan(ROOT_CONTEXT, span as never), {});
    }
    const traceState = { ...new W3CTraceState(), serialize: throws } as never;
    const spanContext = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, traceState };
    assert.deepEqual(injected(spanContext), { traceparent: VALID });
  });
});

describe('the trace context propagator', () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
  const traceparent = fc
    .tuple(hex(32), hex(16), fc.constantFrom('00', '01', '02', '03'))
    .filter(([traceId, spanId]) => /[^0]/.test(traceId) && /[^0]/.test(spanId))
    .map(([traceId, spanId, flags]) => `00-${traceId}-${spanId}-${flags}`);

  it('injects what it has extracted', () => {
    fc.assert(
      fc.property(traceparent, fc.constantFrom(undefined, 'a=1', 'a=1,b=  2'), (parent, state) => {
        const carrier = state === undefined ? { traceparent: parent } : { traceparent: parent, tracestate: state };
        const onward = {};
        propagator.inject(propagator.extract(ROOT_CONTEXT, carrier), onward);
        assert.deepEqual(onward, carrier);
      }),
    );
  });

  it('never throws on a damaged header and accepts it only if it is valid', () => {
    const damaged = fc
      .tuple(traceparent, fc.nat(60), fc.nat(3), fc.string({ unit: fc.constantFrom(...'0f-, \tAgz'), maxLength: 3 }))
      .map(([header, at, length, extra]) => header.slice(0, at) + extra + header.slice(at + length));
    const fields = '-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}';
    const rules = new RegExp(`^[ \\t]*(?:00${fields}|(?!ff|00)[0-9a-f]{2}${fields}(?:-[^,]*)?)[ \\t]*$`);
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary', maxLength: 70 })), (header) => {
        assert.equal(extracted({ traceparent: header }) !== undefined, rules.test(header), JSON.stringify(header));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throws, whatever the values are', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (parent, state) => {
        extracted({ traceparent: parent, tracestate: state });
        extracted({ traceparent: VALID, tracestate: state });
      }),
    );
  });
});
