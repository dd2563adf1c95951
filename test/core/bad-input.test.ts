import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Context, ROOT_CONTEXT, SPAN_KEY, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { AlwaysOnSampler, ParentBasedSampler, SamplingDecision } from '../../src/core/sampler.ts';
import type { RecordingSpan, Span } from '../../src/core/span.ts';
import type { SpanOptions } from '../../src/core/tracer.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();
const REMOTE = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

const fail = (): never => {
  throw new Error('hostile');
};
const throwing = new Proxy(() => {}, {
  get: fail,
  has: fail,
  ownKeys: fail,
  getPrototypeOf: fail,
  getOwnPropertyDescriptor: fail,
  apply: fail,
});
const throwingObject = new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail });
const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const circular: { self?: unknown; list: unknown[] } = { list: [] };
circular.self = circular;
circular.list.push(circular.list);

/** What may become of attribute values: they are kept, refused and counted, or ignored. */
const values: Record<'kept' | 'refused' | 'nothing', unknown[]> = {
  kept: [
    '',
    '\ud800',
    'a\udc00b',
    'text\0with\uffffcharacters',
    NaN,
    -Infinity,
    -0,
    2 ** 53,
    Number.MIN_VALUE,
    1n << 100n,
    -(1n << 63n),
    true,
    {},
    [],
    [undefined, null, '\udfff', [[]]],
    Object.freeze({ a: Object.freeze([1]) }),
    Object.create(null),
    JSON.parse('{"__proto__": {"polluted": true}}'),
    new Uint8Array(200),
    new Proxy({ a: 1 }, {}),
    [Symbol('s'), () => {}],
  ],
  refused: [
    Symbol('s'),
    () => {},
    circular,
    circular.list,
    throwing,
    throwingObject,
    revoked({}),
    revoked([]),
    revoked(() => {}),
    {
      get a() {
        return fail();
      },
    },
    { toJSON: fail },
    [{ deep: throwingObject }],
    Promise.resolve.bind(Promise),
    // No own enumerable properties, so nothing of them would be recorded.
    new Map([['a', 1]]),
    new Error('an error'),
    [/x/, { deep: new Set() }].entries(),
  ],
  nothing: [null, undefined, new Date(NaN)],
};

/** A function that returns a value, because fast-check itself cannot hold a revoked proxy. */
type Made = () => unknown;
const oneOf = (...list: unknown[]) =>
  fc.constantFrom(
    ...list.map(
      (value): Made =>
        () =>
          value,
    ),
  );
const listOf = (made: fc.Arbitrary<Made>) =>
  fc.array(made, { maxLength: 4 }).map(
    (list): Made =>
      () =>
        list.map((make) => make()),
  );
const objectOf = (members: Record<string, fc.Arbitrary<Made>>, given: { requiredKeys?: [] } = {}) =>
  fc.record<Record<string, Made>, string>(members, given as { requiredKeys: string[] }).map(
    (made): Made =>
      () =>
        Object.fromEntries(Object.entries(made).map(([key, make]) => [key, make()])),
  );

const anything = { withBigInt: true, withNullPrototype: true, withTypedArray: true, withDate: true, withMap: true };
// Only as values: a list of this many links would be processed link by link.
const huge = [new Array(2 ** 31), Array.from({ length: 100_000 }, () => 1)];
const anyValue = fc.oneof(
  ...Object.values(values).map((list) => oneOf(...list)),
  fc.anything(anything).map(
    (value): Made =>
      () =>
        value,
  ),
);

// Two keys that differ only in lone surrogates would be one key on the wire.
const anyKey = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }).map(
    (key): Made =>
      () =>
        key,
  ),
  oneOf('__proto__', 'toString', '', 5, null, undefined, Symbol('k'), {}, throwing, 'k\ud800'),
);

const anyTime = fc.oneof(
  anyValue,
  oneOf(
    [NaN, NaN],
    [-1, -1],
    [1e300, 1e300],
    ['1', '1'],
    [1n, 1n],
    [{}, {}],
    -1,
    1e18,
    new Date(8.64e15),
    { getTime: fail },
    { getTime: () => 'now' },
    performance.now(),
    Date.now(),
  ),
);

const anySpanContext = fc.oneof(
  anyValue,
  oneOf(
    REMOTE,
    ROOT_CONTEXT,
    { ...REMOTE, traceId: 5 },
    { ...REMOTE, traceId: 'A'.repeat(32) },
    { ...REMOTE, spanId: '0'.repeat(16) },
    { ...REMOTE, traceFlags: 1e300 },
    { ...REMOTE, traceFlags: Symbol('flags') },
    { ...REMOTE, traceFlags: 1n },
    { ...REMOTE, traceFlags: 'x' },
    { ...REMOTE, traceState: 'a=1' },
    { ...REMOTE, traceState: null },
    { ...REMOTE, traceState: { serialize: fail } },
    { ...REMOTE, traceState: { serialize: () => ({ length: 1e9 }) } },
    { ...REMOTE, traceState: { serialize: () => 'a=\ud800' } },
    { ...REMOTE, isRemote: 'yes' },
    {
      ...REMOTE,
      get spanId() {
        return fail();
      },
    },
    {
      ...REMOTE,
      get traceFlags() {
        return fail();
      },
    },
    { traceId: REMOTE.traceId },
    { spanContext: fail },
    { spanContext: () => undefined },
    { spanContext: () => circular },
    { getValue: fail },
    { getValue: () => ({ spanContext: fail }) },
  ),
);

const anyLink = fc.oneof(
  anySpanContext,
  objectOf({
    context: anySpanContext,
    attributes: anyValue,
    droppedAttributesCount: fc.oneof(oneOf(-1, 2 ** 53 - 1, -(2 ** 40), 1.5, NaN, 1n), anyValue),
  }),
);
const anyLinks = fc.oneof(listOf(anyLink), anyValue);

const anyContext = fc.oneof(
  anyValue,
  anySpanContext.map(
    (span): Made =>
      () =>
        ROOT_CONTEXT.setValue(SPAN_KEY, span()),
  ),
  anySpanContext.map(
    (span): Made =>
      () => ({ getValue: span }),
  ),
  oneOf(setSpan(ROOT_CONTEXT, nonRecordingSpan(REMOTE)), undefined),
);

const anyOptions = fc.oneof(
  anyValue,
  objectOf(
    { kind: anyValue, attributes: anyValue, links: anyLinks, startTime: anyTime, root: anyValue },
    { requiredKeys: [] },
  ),
);

type Step = (span: Span) => unknown;
/** Calls a method of a span with these arguments. */
const call = (method: keyof Span, ...given: fc.Arbitrary<Made>[]) =>
  fc.tuple(...given).map(
    (made): Step =>
      (span) => {
        // Look the method up by name, so that `this` is the span.
        (span[method] as (...args: unknown[]) => unknown)(...made.map((make) => make()));
      },
  );
const anyStep = fc.oneof(
  call('setAttribute', anyKey, fc.oneof(anyValue, oneOf(...huge))),
  call('setAttributes', anyValue),
  call('addEvent', anyValue, fc.oneof(anyValue, anyTime), anyTime),
  call('addLink', anyLink),
  call('addLinks', anyLinks),
  call('setStatus', fc.oneof(anyValue, objectOf({ code: fc.oneof(anyValue, oneOf(0, 1, 2, 3)), message: anyValue }))),
  call('updateName', anyValue),
  call('recordException', anyValue, anyTime),
  call('end', anyTime),
  call(Symbol.dispose),
);

describe('bad input', () => {
  it('never throws, and is sent as a valid message', () => {
    const samplers = [
      undefined,
      { shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }) },
      new ParentBasedSampler({ root: new AlwaysOnSampler(), remoteParentNotSampled: new AlwaysOnSampler() }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...samplers),
        anyValue,
        anyOptions,
        anyContext,
        fc.array(anyStep, { maxLength: 12 }),
        anyTime,
        (sampler, name, options, context, steps, endTime) => {
          const recorder = new Recorder({ sampler });
          let active: unknown;
          recorder.tracer.startActiveSpan(name() as never, options() as never, context() as never, (span: Span) => {
            active = span;
            for (const step of steps) step(span);
            span.end(endTime() as never);
            for (const step of steps) step(span);
          });
          assert.notEqual(active, undefined);
          recorder.tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, active as Span)).end();
          recorder.start('good', {}, ROOT_CONTEXT).end();
          const sent = recorder.sent();
          assert.equal(sent.length, recorder.ended.length);
          assert.equal(sent.at(-1)?.name, 'good');
          for (const [at, { startTimeUnixNano, endTimeUnixNano, ...rest }] of sent.entries()) {
            const span = recorder.ended[at];
            assert.ok(endTimeUnixNano >= startTimeUnixNano);
            assert.equal(rest.droppedAttributesCount, span.droppedAttributesCount);
            assert.equal(rest.droppedEventsCount, span.droppedEventsCount);
            assert.equal(rest.droppedLinksCount, span.droppedLinksCount);
            assert.equal(rest.events.length, span.events.length);
            assert.equal(rest.links.length, span.links.length);
          }
        },
      ),
      { numRuns: 1_000, includeErrorInReport: true },
    );
    assert.equal(new Set(codesOf(log)).size, log.length);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  it('starts its span and keeps its trace, whatever the sampler', () => {
    const samplers = [undefined, { shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }) }];
    const record = objectOf({ kind: anyValue, attributes: anyValue, links: anyLinks, startTime: anyTime });
    const parent = setSpan(ROOT_CONTEXT, nonRecordingSpan(REMOTE));
    fc.assert(
      fc.property(record, anyValue, (options, name) => {
        const [first, second] = samplers.map((sampler) => {
          const recorder = new Recorder({ sampler });
          const span = recorder.start(name() as never, options() as SpanOptions, parent);
          assert.ok(span.isRecording());
          assert.equal(span.spanContext().traceId, REMOTE.traceId);
          span.end([18e9, 0]);
          const [{ attributes, links, droppedAttributesCount, droppedLinksCount, kind, ...rest }] = recorder.sent();
          return { attributes, links, droppedAttributesCount, droppedLinksCount, kind, name: rest.name };
        });
        assert.deepEqual(first, second);
      }),
      { numRuns: 300 },
    );
  });

  it('is counted if it is refused, and reported once', () => {
    const { kept, nothing } = values;
    const refused = [...values.refused, ...huge];
    const recorder = new Recorder();
    const span = recorder.start('s', { attributes: { before: Symbol('refused') as never } });
    for (const [at, value] of [...kept, ...refused, ...nothing].entries()) span.setAttribute(`k${at}`, value as never);
    span.end();
    const [{ attributes, droppedAttributesCount }] = recorder.sent();
    assert.deepEqual(
      Object.keys(attributes),
      kept.map((_, at) => `k${at}`),
    );
    assert.equal(droppedAttributesCount, refused.length + 1);
    assert.deepEqual(codesOf(log), ['attribute_refused']);
  });

  it('that ends the span while its end time is read ends it once', () => {
    const recorder = new Recorder();
    const span = recorder.start('s');
    class Ending extends Date {
      override getTime(): number {
        span.end();
        return super.getTime();
      }
    }
    span.end(new Ending());
    assert.deepEqual([recorder.ended.length, recorder.provider.live], [1, 0]);
  });

  it('that ends the span while its attributes are read changes nothing', () => {
    const recorder = new Recorder();
    const span = recorder.start('s');
    const attributes = {
      get a() {
        span.end();
        return 1;
      },
    };
    span.addEvent('e', attributes).addLink({ context: REMOTE, attributes });
    assert.equal(recorder.ended.length, 1);
    assert.equal(recorder.sent().length, 1);
  });
});

describe('a text of ten million characters', () => {
  const text = '😀'.repeat(5_000_000);

  it('is truncated wherever it occurs', () => {
    const recorder = new Recorder();
    const steps: ((span: RecordingSpan) => unknown)[] = [
      (span) => span.setAttribute('k', text),
      (span) => span.setAttribute(text, 1),
      (span) => span.setAttribute('k', [text, { text }]),
      (span) => span.updateName(text),
      (span) => span.addEvent(text, { k: text }),
      (span) => span.addLink({ context: REMOTE, attributes: { k: text } }),
      (span) => span.setStatus({ code: 2, message: text }),
      (span) => span.recordException(new Error(text)),
      (span) => span.setAttribute('k', new Uint8Array(10_000_000)),
      (span) => span.setAttributes(text as never),
      (span) => span.addEvent('e', text as never),
    ];
    for (const step of steps) {
      const span = recorder.start('s');
      step(span);
      span.end();
    }
    const sent = recorder.sent();
    assert.equal(sent.length, steps.length);
    assert.ok(text.startsWith(sent[0].attributes.k as string));
    assert.equal(sent[9].droppedAttributesCount, 1);
    assert.deepEqual(sent[9].attributes, {});
    assert.deepEqual(sent[10].events[0].attributes, {});
    assert.equal(sent[10].events[0].droppedAttributesCount, 1);
  });
});

describe('a hundred thousand attributes', () => {
  const attributes = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`attribute.${at}`, at]));

  it('are cut to the limit and counted', () => {
    const recorder = new Recorder();
    recorder.start('at once', { attributes }).end();
    const span = recorder.start('one by one');
    for (const [key, value] of Object.entries(attributes)) span.setAttribute(key, value);
    span.end();
    for (const sent of recorder.sent()) {
      assert.equal(Object.keys(sent.attributes).length, 128);
      assert.equal(sent.droppedAttributesCount, 99_872);
    }
    assert.deepEqual(codesOf(log), ['attribute_limit']);
  });

  it('are dropped from a message that they make too large, and counted there', () => {
    const recorder = new Recorder({ spanLimits: { attributeCountLimit: Infinity } });
    const span = recorder.start('s', { attributes, startTime: [1_700_000_000, 0] });
    assert.equal(Object.keys(span.attributes).length, 100_000);
    assert.equal(span.attributes['attribute.99999'], 99_999);
    span.end([1_700_000_001, 0]);
    const [sent] = recorder.sent();
    assert.equal(Object.keys(sent.attributes).length + sent.droppedAttributesCount, 100_000);
    assert.equal(sent.name, 's');
    assert.equal(sent.endTimeUnixNano, 1_700_000_001_000_000_000n);
  });
});

describe('a callback with a hostile context', () => {
  it('is still called', () => {
    const { tracer } = new Recorder();
    fc.assert(
      fc.property(anyContext, (context) => {
        assert.equal(
          tracer.startActiveSpan('s', {}, context() as Context, () => 'called'),
          'called',
        );
      }),
    );
  });
});
