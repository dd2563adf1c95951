import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import * as otel from '@opentelemetry/core';
import * as theirB3 from '@opentelemetry/propagator-b3';
import * as theirJaeger from '@opentelemetry/propagator-jaeger';
import fc from 'fast-check';
import { ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { B3InjectEncoding, B3Propagator } from '../../src/propagation/b3.ts';
import {
  type Baggage,
  baggageIn,
  contextWithBaggage,
  createBaggage,
  W3CBaggagePropagator,
} from '../../src/propagation/baggage.ts';
import { CompositePropagator } from '../../src/propagation/composite.ts';
import { JaegerPropagator } from '../../src/propagation/jaeger.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '../../src/propagation/propagator.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';

// This is a type check: the types of each side must accept the other's.
export const theirs: {
  propagators: api.TextMapPropagator[];
  headers: api.TextMapPropagator<Headers>;
  getter: api.TextMapGetter<Headers>;
  setter: api.TextMapSetter<Headers>;
  traceState: api.TraceState;
} = {
  propagators: [
    new W3CTraceContextPropagator(),
    new W3CBaggagePropagator(),
    new CompositePropagator(),
    new B3Propagator(),
    new JaegerPropagator(),
  ],
  headers: new W3CTraceContextPropagator(),
  getter: defaultTextMapGetter,
  setter: defaultTextMapSetter,
  traceState: new W3CTraceState(),
};
export const ours: {
  propagators: TextMapPropagator[];
  headers: TextMapPropagator<Headers>;
  getter: TextMapGetter<Headers>;
  setter: TextMapSetter<Headers>;
  baggage: Baggage;
} = {
  propagators: [
    new otel.W3CTraceContextPropagator(),
    new otel.W3CBaggagePropagator(),
    new otel.CompositePropagator(),
    new theirB3.B3Propagator(),
    new theirJaeger.JaegerPropagator(),
  ],
  headers: new otel.W3CTraceContextPropagator(),
  getter: api.defaultTextMapGetter,
  setter: api.defaultTextMapSetter,
  baggage: api.propagation.createBaggage(),
};

const roots = [ROOT_CONTEXT, api.ROOT_CONTEXT];
const pairs = (own: TextMapPropagator, other: TextMapPropagator) => [
  [own, other],
  [other, own],
];

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const spanContext = fc
  .record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.constantFrom(0, 1, 2, 3) })
  .filter(api.isSpanContextValid);

describe('trace context between this package and OpenTelemetry', () => {
  it('written by one is read by the other, in contexts of both', () => {
    const states = fc.constantFrom(undefined, 'foo=1', 'foo=1,bar=2,rojo@x= 3');
    fc.assert(
      fc.property(spanContext, states, (sent, state) => {
        for (const [from, to] of pairs(new W3CTraceContextPropagator(), new otel.W3CTraceContextPropagator())) {
          for (const root of roots) {
            const traceState = state === undefined ? {} : { traceState: new W3CTraceState(state) };
            const carrier: Record<string, string> = {};
            from.inject(api.trace.setSpanContext(root, { ...sent, ...traceState }), carrier, defaultTextMapSetter);
            const context = to.extract(root, carrier, defaultTextMapGetter);
            for (const received of [spanIn(context)?.spanContext(), api.trace.getSpanContext(context)]) {
              assert.ok(received);
              const { traceState: receivedState, ...rest } = received;
              assert.deepEqual(rest, { ...sent, isRemote: true });
              assert.equal(receivedState?.serialize(), state);
            }
          }
        }
      }),
    );
  });

  it('is omitted by both if tracing is suppressed', () => {
    for (const propagator of [new W3CTraceContextPropagator(), new otel.W3CTraceContextPropagator()]) {
      const carrier = {};
      const traced = api.trace.setSpanContext(api.ROOT_CONTEXT, {
        traceId: '1'.repeat(32),
        spanId: '1'.repeat(16),
        traceFlags: 1,
      });
      propagator.inject(otel.suppressTracing(traced), carrier, defaultTextMapSetter);
      assert.deepEqual(carrier, {});
    }
  });
});

describe('baggage between this package and OpenTelemetry', () => {
  it('written by one is read by the other, in contexts of both', () => {
    const key = fc.string({ unit: fc.constantFrom(...'aZ09-_.~!*'), minLength: 1, maxLength: 8 });
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '');
    const metadata = fc.constantFrom(undefined, 'p', 'p;k=v');
    const list = fc.uniqueArray(fc.tuple(key, value, metadata), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(list, (sent) => {
        for (const [from, to] of pairs(new W3CBaggagePropagator(), new otel.W3CBaggagePropagator())) {
          for (const root of roots) {
            let baggage = createBaggage();
            let theirBaggage = api.propagation.createBaggage();
            for (const [name, text, props] of sent) {
              baggage = baggage.setEntry(name, { value: text, metadata: props });
              const theirProps = props === undefined ? undefined : api.baggageEntryMetadataFromString(props);
              theirBaggage = theirBaggage.setEntry(name, { value: text, metadata: theirProps });
            }
            for (const context of [
              contextWithBaggage(root, baggage),
              api.propagation.setBaggage(root, theirBaggage),
              contextWithBaggage(root, theirBaggage),
            ]) {
              const carrier: Record<string, string> = {};
              from.inject(context, carrier, defaultTextMapSetter);
              const received = to.extract(root, carrier, defaultTextMapGetter);
              for (const read of [baggageIn(received), api.propagation.getBaggage(received)]) {
                const entries = read
                  ?.getAllEntries()
                  .map(([name, entry]) => [name, entry.value, entry.metadata?.toString()]);
                // Their entries are object properties, so keys like array indices come first.
                assert.deepEqual(entries?.sort(), [...sent].sort());
              }
            }
          }
        }
      }),
    );
  });
});

describe('B3 between this package and OpenTelemetry', () => {
  const { SINGLE_HEADER, MULTI_HEADER } = theirB3.B3InjectEncoding;
  const writers = [
    [new B3Propagator(), new theirB3.B3Propagator({ injectEncoding: SINGLE_HEADER })],
    [
      new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
      new theirB3.B3Propagator({ injectEncoding: MULTI_HEADER }),
    ],
  ];

  it('is written identically, and each reads the other’s headers', () => {
    fc.assert(
      fc.property(spanContext, (sent) => {
        for (const [own, other] of writers) {
          for (const root of roots) {
            const carrier: Record<string, string> = {};
            const theirs: Record<string, string> = {};
            own.inject(api.trace.setSpanContext(root, sent), carrier, defaultTextMapSetter);
            other.inject(api.trace.setSpanContext(root, sent), theirs, defaultTextMapSetter);
            assert.deepEqual(carrier, theirs);
            for (const propagator of [own, other]) {
              const received = api.trace.getSpanContext(propagator.extract(root, carrier, defaultTextMapGetter));
              // B3 cannot represent the flag of random ids.
              assert.deepEqual({ ...received }, { ...sent, traceFlags: sent.traceFlags & 1, isRemote: true });
            }
          }
        }
      }),
    );
  });

  it('has the debug flag at the same place in contexts of both', () => {
    const ids = `${'1'.repeat(32)}-${'2'.repeat(16)}`;
    const [[own, other]] = writers;
    for (const [from, to] of pairs(own, other)) {
      const carrier = {};
      to.inject(from.extract(ROOT_CONTEXT, { b3: `${ids}-d` }, defaultTextMapGetter), carrier, defaultTextMapSetter);
      assert.deepEqual(carrier, { b3: `${ids}-d` });
    }
  });
});

describe('Jaeger’s format between this package and OpenTelemetry', () => {
  const own = new JaegerPropagator();
  const other = new theirJaeger.JaegerPropagator();

  it('is written identically, and each reads the other’s headers', () => {
    const key = fc.string({ unit: fc.constantFrom(...'az09-_.'), minLength: 1, maxLength: 8 });
    const value = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(spanContext, fc.dictionary(key, value, { maxKeys: 8, noNullPrototype: true }), (context, entries) => {
        // The bit for random ids means debugging in this format, but OpenTelemetry's propagator writes it, a mistake.
        const sent = { ...context, traceFlags: context.traceFlags & 1 };
        const baggage = createBaggage(Object.fromEntries(Object.entries(entries).map(([k, v]) => [k, { value: v }])));
        for (const root of roots) {
          const full = contextWithBaggage(api.trace.setSpanContext(root, sent), baggage);
          const carrier: Record<string, string> = {};
          const theirs: Record<string, string> = {};
          own.inject(full, carrier, defaultTextMapSetter);
          other.inject(full, theirs, defaultTextMapSetter);
          assert.deepEqual(carrier, theirs);
          for (const propagator of [own, other]) {
            const received = propagator.extract(root, carrier, defaultTextMapGetter);
            assert.deepEqual({ ...api.trace.getSpanContext(received) }, { ...sent, isRemote: true });
            const read = api.propagation.getBaggage(received)?.getAllEntries() ?? [];
            assert.deepEqual(Object.fromEntries(read.map(([k, entry]) => [k, entry.value])), entries);
          }
        }
      }),
    );
  });
});
