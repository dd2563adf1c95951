import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, ROOT_CONTEXT, setSpan, spanIn, suppressTracing } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import { B3Propagator } from '../../src/propagation/b3.ts';
import { type Baggage, baggageIn, contextWithBaggage, createBaggage } from '../../src/propagation/baggage.ts';
import { JaegerPropagator } from '../../src/propagation/jaeger.ts';
import { diagnosticLog } from '../core/diagnostic-log.ts';
import { workOf } from './work.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const VALID = `${TRACE_ID}:${SPAN_ID}:0:1`;

const propagator = new JaegerPropagator();

function extracted(header: unknown): SpanContext | undefined {
  const context = propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': header });
  const spanContext = spanIn(context)?.spanContext();
  if (spanContext === undefined) assert.equal(context, ROOT_CONTEXT);
  return spanContext;
}

const entriesOf = (baggage: Baggage | undefined) => baggage?.getAllEntries().map(([key, { value }]) => [key, value]);
const readBaggage = (carrier: unknown, context = ROOT_CONTEXT) =>
  entriesOf(baggageIn(propagator.extract(context, carrier)));

function injected(context: Context): Record<string, string> {
  const carrier = {};
  propagator.inject(context, carrier);
  return carrier;
}

const contextWith = (traceFlags: number): Context =>
  setSpan(ROOT_CONTEXT, nonRecordingSpan({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags }));

const diagnostics = diagnosticLog();

describe('extracting uber-trace-id', () => {
  it('reads ids and flags, and marks the span context as remote', () => {
    assert.deepEqual(extracted(VALID), { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    const headers = new Headers({ 'Uber-Trace-Id': VALID });
    assert.equal(spanIn(propagator.extract(ROOT_CONTEXT, headers))?.spanContext().traceId, TRACE_ID);
  });

  it('pads short ids with zeros', () => {
    const spanContext = extracted('abc:1:0:1');
    assert.equal(spanContext?.traceId, 'abc'.padStart(32, '0'));
    assert.equal(spanContext?.spanId, '1'.padStart(16, '0'));
  });

  it('accepts encoded colons, upper-case digits, and any parent id', () => {
    assert.equal(extracted(encodeURIComponent(VALID))?.traceId, TRACE_ID);
    assert.equal(extracted(VALID.replaceAll(':', '%3a'))?.traceId, TRACE_ID);
    assert.equal(extracted(VALID.toUpperCase())?.traceId, TRACE_ID);
    for (const parent of ['', '0', SPAN_ID, 'xyz']) {
      assert.equal(extracted(`${TRACE_ID}:${SPAN_ID}:${parent}:1`)?.traceId, TRACE_ID, parent);
    }
  });

  it('uses the first of several values, without surrounding white space', () => {
    assert.equal(extracted([VALID, `1${VALID.slice(1)}`])?.traceId, TRACE_ID);
    assert.equal(extracted(` ${VALID}\t, 1${VALID.slice(1)}`)?.traceId, TRACE_ID);
  });

  it('reads the sampled flag, but no flag with another meaning in the W3C format', () => {
    for (const [flags, known] of [
      ['0', 0],
      ['00', 0],
      ['1', 1],
      ['01', 1],
      ['2', 0],
      ['3', 1],
      ['8', 0],
      ['9', 1],
      ['ff', 1],
      ['FE', 0],
    ] as const) {
      assert.equal(extracted(`${TRACE_ID}:${SPAN_ID}:0:${flags}`)?.traceFlags, known, flags);
    }
  });

  it('ignores invalid values', () => {
    const invalid = [
      '',
      ':::',
      `${TRACE_ID}:${SPAN_ID}:0`,
      `${TRACE_ID}:${SPAN_ID}:0:`,
      `${TRACE_ID}:${SPAN_ID}:0:1:`,
      `${TRACE_ID}:${SPAN_ID}:0:001`,
      `${TRACE_ID}:${SPAN_ID}:0:x`,
      `${TRACE_ID}:${SPAN_ID}:0:-1`,
      `${TRACE_ID}0:${SPAN_ID}:0:1`,
      `${TRACE_ID}:${SPAN_ID}0:0:1`,
      `:${SPAN_ID}:0:1`,
      `${TRACE_ID}::0:1`,
      `0:${SPAN_ID}:0:1`,
      `${TRACE_ID}:0:0:1`,
      `g:${SPAN_ID}:0:1`,
      `${TRACE_ID} :${SPAN_ID}:0:1`,
      VALID.replaceAll(':', '%3'),
      VALID.replaceAll(':', '-'),
    ];
    for (const header of invalid) assert.equal(extracted(header), undefined, JSON.stringify(header));
  });
});

describe('extracting uberctx-…', () => {
  it('reads an entry from each', () => {
    const carrier = {
      'uberctx-key1': 'value%201%20%2F%20blah',
      'uberctx-key2': 'a b, c',
      'Uberctx-Key3': '',
      other: '1',
    };
    assert.deepEqual(readBaggage(carrier), [
      ['key1', 'value 1 / blah'],
      ['key2', 'a b, c'],
      ['Key3', ''],
    ]);
    assert.deepEqual(readBaggage(new Headers({ 'uberctx-Key': 'Am%C3%A9lie' })), [['key', 'Amélie']]);
    assert.deepEqual(readBaggage(new Map([['uberctx-key', 'value']])), [['key', 'value']]);
    assert.deepEqual(readBaggage({ 'uberctx-key': ['first', 'second'] }), [['key', 'first']]);
  });

  it('works with and without a span context', () => {
    const context = propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': VALID, 'uberctx-key': 'value' });
    assert.equal(spanIn(context)?.spanContext().traceId, TRACE_ID);
    assert.deepEqual(entriesOf(baggageIn(context)), [['key', 'value']]);
    const invalid = propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': 'x', 'uberctx-key': 'value' });
    assert.equal(spanIn(invalid), undefined);
    assert.deepEqual(entriesOf(baggageIn(invalid)), [['key', 'value']]);
  });

  it('adds to existing baggage', () => {
    const context = contextWithBaggage(ROOT_CONTEXT, createBaggage({ a: { value: '1' }, b: { value: '2' } }));
    assert.deepEqual(readBaggage({ 'uberctx-b': '3', 'uberctx-c': '4' }, context), [
      ['a', '1'],
      ['b', '3'],
      ['c', '4'],
    ]);
    assert.deepEqual(entriesOf(baggageIn(context)), [
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('replaces octets that are not UTF-8 and keeps percent signs that encode nothing', () => {
    assert.deepEqual(readBaggage({ 'uberctx-key': '%FF%C3%A9 100%' }), [['key', '\ufffdé 100%']]);
  });

  it('ignores keys that are not valid in headers', () => {
    assert.equal(
      readBaggage({ 'uberctx-': '1', 'uberctx- ': '1', 'uberctx-ä': '1', uberctx: '1', 'uberctx-a\r\nb': '1' }),
      undefined,
    );
  });

  it('reads 64 entries and 8,192 bytes of keys and values', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`uberctx-key${i}`, 'value']));
    assert.equal(readBaggage(many)?.length, 64);
    assert.deepEqual(readBaggage(many)?.at(-1), ['key63', 'value']);
    assert.equal(readBaggage({ 'uberctx-a': 'x'.repeat(8_191) })?.length, 1);
    assert.deepEqual(readBaggage({ 'uberctx-a': 'x'.repeat(8_192), 'uberctx-b': '1' }), [['b', '1']]);
    assert.deepEqual(
      readBaggage({ 'uberctx-a': 'x'.repeat(8_190), 'uberctx-b': '1', 'uberctx-c': '' })?.map(([key]) => key),
      ['a', 'c'],
    );
  });
});

describe('injecting in Jaeger’s format', () => {
  it('writes ids and the sampled flag', () => {
    for (const [traceFlags, flags] of [
      [0, '00'],
      [1, '01'],
      [2, '00'],
      [3, '01'],
    ] as const) {
      assert.deepEqual(injected(contextWith(traceFlags)), { 'uber-trace-id': `${TRACE_ID}:${SPAN_ID}:0:${flags}` });
    }
    assert.deepEqual(propagator.fields(), ['uber-trace-id']);
  });

  it('propagates the debug flag, also to and from B3', () => {
    const b3 = new B3Propagator();
    const context = propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': `${TRACE_ID}:${SPAN_ID}:0:3` });
    assert.equal(spanIn(context)?.spanContext().traceFlags, 1);
    assert.deepEqual(injected(context), { 'uber-trace-id': `${TRACE_ID}:${SPAN_ID}:0:03` });
    const other: { b3?: string } = {};
    b3.inject(context, other);
    assert.equal(other.b3, `${TRACE_ID}-${SPAN_ID}-d`);
    assert.deepEqual(injected(b3.extract(ROOT_CONTEXT, other)), injected(context));
    const next = propagator.extract(context, { 'uber-trace-id': VALID });
    assert.deepEqual(injected(next), { 'uber-trace-id': `${TRACE_ID}:${SPAN_ID}:0:01` });
  });

  it('writes baggage, even without a span', () => {
    const baggage = createBaggage({
      key1: { value: 'value 1 / blah', metadata: 'p' },
      key2: { value: 'Amélie 😀 \ud800' },
    });
    assert.deepEqual(injected(contextWithBaggage(ROOT_CONTEXT, baggage)), {
      'uberctx-key1': 'value%201%20%2F%20blah',
      'uberctx-key2': 'Am%C3%A9lie%20%F0%9F%98%80%20%EF%BF%BD',
    });
    assert.deepEqual(diagnostics, []);
  });

  it('omits and reports what cannot be sent', () => {
    let baggage = createBaggage({ ok: { value: '1' }, long: { value: 'x'.repeat(8_193) }, 'a b': { value: '1' } });
    for (const value of [1, null, undefined, {}]) baggage = baggage.setEntry(`key-${value}`, { value } as never);
    baggage = baggage.setEntry('none', undefined as never).setEntry(Symbol('key') as never, { value: '1' });
    assert.deepEqual(injected(contextWithBaggage(ROOT_CONTEXT, baggage)), { 'uberctx-ok': '1' });
    assert.deepEqual(
      diagnostics.map(({ code, message }) => [code, message.slice(0, 28)]),
      [['baggage_dropped', 'baggage_dropped: 8 of 9: bag']],
    );
  });

  it('writes 64 entries and 8,192 bytes of keys and values', () => {
    const many = createBaggage(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`key${i}`, { value: '1' }])));
    assert.equal(Object.keys(injected(contextWithBaggage(ROOT_CONTEXT, many))).length, 64);
    const long = createBaggage({ a: { value: ' '.repeat(2_730) }, b: { value: '12' }, c: { value: '' } });
    assert.deepEqual(Object.keys(injected(contextWithBaggage(ROOT_CONTEXT, long))), ['uberctx-a', 'uberctx-c']);
  });

  it('writes nothing without a valid span context, or if tracing is suppressed', () => {
    assert.deepEqual(injected(ROOT_CONTEXT), {});
    const full = contextWithBaggage(contextWith(1), createBaggage({ key: { value: '1' } }));
    assert.equal(Object.keys(injected(full)).length, 2);
    assert.deepEqual(injected(suppressTracing(full)), {});
    const none = nonRecordingSpan({ traceId: '0'.repeat(32), spanId: SPAN_ID, traceFlags: 1 });
    assert.deepEqual(injected(setSpan(ROOT_CONTEXT, none)), {});
  });
});

describe('the Jaeger propagator', () => {
  it('accepts other names for its headers', () => {
    const other = new JaegerPropagator({ customTraceHeader: 'X-Trace', customBaggageHeaderPrefix: 'x-bag' });
    assert.deepEqual(other.fields(), ['x-trace']);
    const carrier = {};
    other.inject(contextWithBaggage(contextWith(1), createBaggage({ key: { value: '1' } })), carrier);
    assert.deepEqual(carrier, { 'x-trace': `${TRACE_ID}:${SPAN_ID}:0:01`, 'x-bag-key': '1' });
    const context = other.extract(ROOT_CONTEXT, carrier);
    assert.equal(spanIn(context)?.spanContext().spanId, SPAN_ID);
    assert.equal(baggageIn(context)?.getEntry('key')?.value, '1');
  });

  it('throws for an invalid header name', () => {
    for (const name of ['', 'a b', 'a:', 'ä', 1, null] as never[]) {
      if (name !== null) {
        assert.throws(() => new JaegerPropagator({ customTraceHeader: name }), { message: /^customTraceHeader: / });
      }
      if (name !== null) {
        assert.throws(() => new JaegerPropagator({ customBaggageHeaderPrefix: name }), { name: 'TypeError' });
      }
    }
  });

  it('reads a megabyte only a few times', () => {
    for (const fill of ['0', '0:', ':', '%3a', ' ', ',', '%', '%41', '\t:']) {
      const text = fill.repeat(1_000_000).slice(0, 1_000_000);
      for (const start of ['', `${TRACE_ID}:${SPAN_ID}:`]) {
        const work = workOf(() =>
          propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': start + text, 'uberctx-a': text }),
        );
        assert.ok(work < 5_000_000, `${work} for ${JSON.stringify(start + fill)}`);
      }
    }
    const keys = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`uberctx-${i}`, 'x'.repeat(1_000)]));
    assert.ok(workOf(() => propagator.extract(ROOT_CONTEXT, keys)) < 10_000_000, 'many long entries');
  });
});
