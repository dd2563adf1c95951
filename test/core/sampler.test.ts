import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import fc from 'fast-check';
import type { Attributes } from '../../src/core/attributes.ts';
import { type Context, ROOT_CONTEXT, setSpan, spanIn } from '../../src/core/context.ts';
import { wordOfHex } from '../../src/core/id.ts';
import type { Link } from '../../src/core/link.ts';
import { IS_REMOTE, nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  decideOf,
  ParentBasedSampler,
  rateSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from '../../src/core/sampler.ts';
import type { Span } from '../../src/core/span.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();
const { NOT_RECORD, RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const isSampled = (sampler: Sampler, traceId: string, context = ROOT_CONTEXT): boolean =>
  sampler.shouldSample(context, traceId, 'name', 0, {}, []).decision === RECORD_AND_SAMPLED;

/** The same sampler as a custom one, which is asked through `shouldSample`. */
const asCustom = (sampler: Sampler): Sampler => ({
  shouldSample: (...args) => sampler.shouldSample(...args),
  toString: () => `custom ${sampler}`,
});

/** A sampler that always gives the same answer and records its calls. */
class Answer implements Sampler {
  readonly asked: Parameters<Sampler['shouldSample']>[] = [];
  private readonly result: SamplingResult;

  constructor(decision: SamplingDecision, more: Omit<SamplingResult, 'decision'> = {}) {
    this.result = { decision, ...more };
  }

  shouldSample(...args: Parameters<Sampler['shouldSample']>): SamplingResult {
    this.asked.push(args);
    return this.result;
  }
}

describe('the decisions', () => {
  it('have the values of @opentelemetry/api', () => {
    assert.deepEqual(
      { ...SamplingDecision },
      {
        NOT_RECORD: api.SamplingDecision.NOT_RECORD,
        RECORD: api.SamplingDecision.RECORD,
        RECORD_AND_SAMPLED: api.SamplingDecision.RECORD_AND_SAMPLED,
      },
    );
  });
});

describe('the ratio sampler', () => {
  const half = '0123456789abcdef';

  it('decides as OpenTelemetry for Go does', () => {
    const vectors: [ratio: number, lastBytes: string, sampled: boolean][] = [
      [0.5, '7fffffffffffffff', true],
      [0.5, '8000000000000000', false],
      [0.5, '7ffffffffffffffe', true],
      [0.5, 'ffffffffffffffff', false],
      [0, '0000000000000000', false],
      [0, '0000000000000001', false],
      [2 ** -63, '0000000000000000', true],
      [2 ** -63, '0000000000000001', true],
      [2 ** -63, '0000000000000002', false],
      [2 ** -31, '00000001ffffffff', true],
      [2 ** -31, '0000000200000000', false],
      [0.25, '3fffffffffffffff', true],
      [0.25, '4000000000000000', false],
      [1, 'ffffffffffffffff', true],
      [1, '0000000000000000', true],
      [0.1, '0000000000000000', true],
      [1e-9, '0000000000000000', true],
    ];
    for (const [ratio, lastBytes, sampled] of vectors) {
      for (const first of ['ffffffffffffffff', half]) {
        assert.equal(
          isSampled(new TraceIdRatioBasedSampler(ratio), first + lastBytes),
          sampled,
          `${ratio} ${lastBytes}`,
        );
      }
    }
  });

  it('compares the last eight bytes, shifted right by one, with floor(ratio · 2^63)', () => {
    const anyBytes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const ratioOf = fc.double({ min: 0, max: 1, noNaN: true });
    const nearBound = fc.tuple(ratioOf, fc.bigInt({ min: -3n, max: 3n })).map(([ratio, off]) => {
      const bound = BigInt(Math.floor(ratio * 2 ** 63)) * 2n + off;
      return [ratio, bound < 0n ? 0n : bound > 2n ** 64n - 1n ? 2n ** 64n - 1n : bound] as [number, bigint];
    });
    fc.assert(
      fc.property(fc.oneof(fc.tuple(ratioOf, anyBytes), nearBound), ([ratio, bytes]) => {
        const expected = bytes >> 1n < BigInt(Math.floor(ratio * 2 ** 63));
        assert.equal(
          isSampled(new TraceIdRatioBasedSampler(ratio), half + bytes.toString(16).padStart(16, '0')),
          expected,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('samples everything by default, and refuses invalid ratios', () => {
    assert.ok(isSampled(new TraceIdRatioBasedSampler(), `${half}ffffffffffffffff`));
    for (const ratio of [-0.1, 1.1, NaN, Infinity, '0.5', null]) {
      assert.throws(() => new TraceIdRatioBasedSampler(ratio as number), {
        name: 'RangeError',
        message: `ratio: ${ratio} is not a number from 0 to 1`,
      });
    }
  });

  it('samples its share of the traces that start here', () => {
    const recorder = new Recorder({ sampler: new TraceIdRatioBasedSampler(0.5) });
    for (let trace = 0; trace < 2_000; trace++) recorder.start('s').end();
    // The odds of being off by 300 of 1,000, which is 13 standard deviations, are below 10^-38.
    assert.ok(Math.abs(recorder.ended.length - 1_000) < 300, `${recorder.ended.length} of 2,000`);
  });
});

describe('the parent-based sampler', () => {
  // With the flags as tracers pass them to built-in samplers.
  const parents: [name: string, flags: number | undefined, Context][] = [
    ['no parent', undefined, ROOT_CONTEXT],
    ['a local one, sampled', 1, under(1, false)],
    ['a local one, not sampled', 0, under(0, false)],
    ['a remote one, sampled', 1 | IS_REMOTE, under(1, true)],
    ['a remote one, not sampled', IS_REMOTE, under(0, true)],
  ];

  function under(traceFlags: number, isRemote: boolean): Context {
    return setSpan(ROOT_CONTEXT, nonRecordingSpan({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote }));
  }

  it('follows the parent by default', () => {
    for (const root of [new AlwaysOnSampler(), new AlwaysOffSampler()]) {
      const decisions = parents.map(([, , context]) => isSampled(new ParentBasedSampler({ root }), TRACE, context));
      assert.deepEqual(decisions, [root instanceof AlwaysOnSampler, true, false, true, false]);
    }
  });

  it('asks one of five samplers, built in or custom, internally or through shouldSample', () => {
    const arm = fc.constantFrom<() => Sampler>(
      () => new AlwaysOnSampler(),
      () => new AlwaysOffSampler(),
      () => new TraceIdRatioBasedSampler(0.5),
      () => new TraceIdRatioBasedSampler(0),
    );
    const arms = fc.tuple(arm, arm, arm, arm, arm);
    const ids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => `${Buffer.from(bytes).toString('hex')}`);
    const generator = (id: string) => ({ generateTraceId: () => id, generateSpanId: () => SPAN });
    fc.assert(
      fc.property(arms, fc.nat(4), fc.nat(4), ids, (made, at, customAt, id) => {
        fc.pre(!/^0*$/.test(id));
        const [root, localParentSampled, localParentNotSampled, remoteParentSampled, remoteParentNotSampled] = made.map(
          (make) => make(),
        );
        const options = {
          root,
          localParentSampled,
          localParentNotSampled,
          remoteParentSampled,
          remoteParentNotSampled,
        };
        const [, parentFlags, context] = parents[at];
        // A parent determines the trace id.
        const traceId = parentFlags === undefined ? id : TRACE;
        const expected = isSampled(made[at](), traceId);

        const short = new ParentBasedSampler(options);
        const decide = decideOf(short);
        assert.ok(decide !== undefined);
        const words = [wordOfHex(traceId, 16), wordOfHex(traceId, 24)] as const;
        assert.equal(decide(parentFlags, ...words) === RECORD_AND_SAMPLED, expected);

        const name = Object.keys(options)[customAt] as keyof typeof options;
        const mixed = new ParentBasedSampler({ ...options, [name]: asCustom(options[name]) });
        assert.equal(decideOf(mixed), undefined);
        for (const sampler of [short, asCustom(short), mixed]) {
          assert.equal(isSampled(sampler, traceId, context), expected);
          const recorder = new Recorder({ sampler, idGenerator: generator(id) });
          const span = recorder.start('s', {}, context);
          assert.equal(span.isRecording(), expected);
          assert.equal(span.spanContext().traceFlags & 1, expected ? 1 : 0);
          assert.equal(span.spanContext().traceId, traceId);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('distinguishes the five cases', () => {
    const [root, localParentSampled, localParentNotSampled, remoteParentSampled, remoteParentNotSampled] = Array.from(
      { length: 5 },
      () => new Answer(NOT_RECORD),
    );
    const arms = [root, localParentSampled, localParentNotSampled, remoteParentSampled, remoteParentNotSampled];
    const options = { root, localParentSampled, localParentNotSampled, remoteParentSampled, remoteParentNotSampled };
    for (const [at, [name, , context]] of parents.entries()) {
      new Recorder({ sampler: new ParentBasedSampler(options) }).start('s', {}, context);
      const asked = arms.map((arm) => arm.asked.splice(0).length);
      assert.deepEqual(
        asked,
        arms.map((_, other) => (other === at ? 1 : 0)),
        name,
      );
    }
  });

  it('treats a recorded parent of this process as local', () => {
    for (const wrap of [(sampler: Sampler) => sampler, asCustom]) {
      const sampler = new ParentBasedSampler({
        root: new AlwaysOnSampler(),
        localParentSampled: wrap(new AlwaysOffSampler()),
      });
      const recorder = new Recorder({ sampler });
      const parent = recorder.start('parent');
      assert.ok(parent.isRecording());
      assert.equal(recorder.start('child', {}, setSpan(ROOT_CONTEXT, parent)).isRecording(), false);
    }
  });

  it('asks the root sampler if the parent is invalid', () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
    const invalid: unknown[] = [
      nonRecordingSpan({ traceId: '0'.repeat(32), spanId: SPAN, traceFlags: 1 }),
      { spanContext: () => undefined },
      {},
      'span',
    ];
    for (const span of invalid) assert.equal(isSampled(sampler, TRACE, setSpan(ROOT_CONTEXT, span as Span)), false);
  });

  it('requires a root sampler', () => {
    for (const options of [{}, { root: {} }, { root: undefined }]) {
      assert.throws(() => new ParentBasedSampler(options as never), { message: 'root: a Sampler is required' });
    }
  });
});

describe("the sampler of a page's samplingRate", () => {
  it('decides like the parent-based sampler with a ratio', () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const flags = fc.constantFrom(undefined, 0, 1, IS_REMOTE, 1 | IS_REMOTE);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), flags, word, word, (rate, parent, high, low) => {
        const long = decideOf(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(rate) }));
        const short = decideOf(rateSampler(rate));
        assert.ok(long !== undefined && short !== undefined);
        assert.equal(short(parent, high, low), long(parent, high, low));
      }),
    );
  });

  it('is taken by a provider', () => {
    for (const [rate, expected] of [
      [0, false],
      [1, true],
    ] as const) {
      assert.equal(new Recorder({ sampler: rateSampler(rate) }).start('s').isRecording(), expected);
    }
  });
});

describe('the descriptions', () => {
  it('are those of the specification', () => {
    assert.equal(String(new AlwaysOnSampler()), 'AlwaysOnSampler');
    assert.equal(String(new AlwaysOffSampler()), 'AlwaysOffSampler');
    assert.equal(String(new TraceIdRatioBasedSampler(0.25)), 'TraceIdRatioBased{0.25}');
    const arms = {
      root: new TraceIdRatioBasedSampler(0.1),
      remoteParentSampled: new TraceIdRatioBasedSampler(0.2),
      remoteParentNotSampled: new TraceIdRatioBasedSampler(0.3),
      localParentSampled: new TraceIdRatioBasedSampler(0.4),
      localParentNotSampled: new TraceIdRatioBasedSampler(0.5),
    };
    const described = Object.entries(arms).map(([name, arm]) => `${name}=${arm}`);
    assert.equal(String(new ParentBasedSampler(arms)), `ParentBased{${described.join(', ')}}`);
  });
});

describe('a sampler of the user', () => {
  it('receives everything that is known about the span', () => {
    const sampler = new Answer(RECORD_AND_SAMPLED);
    const recorder = new Recorder({ sampler });
    const key = Symbol('key');
    const parent = recorder.start('parent');
    const context = setSpan(ROOT_CONTEXT, parent).setValue(key, 'kept');
    const attributes: Attributes = { a: 1 };
    recorder.start('child', { kind: 3, attributes, links: [parent, { context: parent, attributes }] }, context);
    const [shown, traceId, name, kind, seen, links] = sampler.asked[1];
    assert.equal(shown, context);
    assert.equal(traceId, parent.spanContext().traceId);
    assert.deepEqual([name, kind, seen], ['child', 3, attributes]);
    const linked = parent.spanContext();
    assert.deepEqual(links, [{ context: linked }, { context: linked, attributes }] satisfies Link[]);
  });

  it('receives a name, a kind, attributes and links even if none were given', () => {
    const sampler = new Answer(RECORD_AND_SAMPLED);
    const recorder = new Recorder({ sampler });
    recorder.start(5 as never, { kind: 'server' as never, links: [undefined as never] });
    assert.deepEqual(sampler.asked[0].slice(2), ['5', 0, {}, []]);
    assert.equal(recorder.started.length, 1);
    assert.equal((recorder.started[0].span as unknown as { droppedLinksCount: number }).droppedLinksCount, 1);
  });

  it('receives them if options or attributes are null', () => {
    for (const options of [null, { attributes: null }] as never[]) {
      const sampler = new Answer(RECORD_AND_SAMPLED);
      const recorder = new Recorder({ sampler });
      recorder.start('s', options).end();
      assert.deepEqual(sampler.asked[0].slice(2), ['s', 0, {}, []]);
      assert.equal(recorder.ended.length, 1);
    }
  });

  it('receives the span context of the parent', () => {
    const sampler = new Answer(RECORD_AND_SAMPLED);
    const recorder = new Recorder({ sampler });
    const context = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
    recorder.tracer.startChild('child', undefined, nonRecordingSpan(context));
    assert.equal(spanIn(sampler.asked[0][0])?.spanContext(), context);
  });

  it('adds attributes, which take precedence', () => {
    const sampler = new Answer(RECORD_AND_SAMPLED, { attributes: { 'sampler.rule': 'r', a: 'sampler' } });
    const span = new Recorder({ sampler }).start('s', { attributes: { a: 'caller', b: 1 } });
    assert.deepEqual(span.attributes, { a: 'sampler', b: 1, 'sampler.rule': 'r' });
  });

  it('replaces the trace state of the span and of its descendants, but not that of the parent', () => {
    const [before, after] = [new W3CTraceState('a=1'), new W3CTraceState('b=2')];
    const parent = nonRecordingSpan({ traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState: before });
    for (const decision of [NOT_RECORD, RECORD, RECORD_AND_SAMPLED]) {
      const sampler = new Answer(decision, { traceState: after });
      const span = new Recorder({ sampler }).start('s', {}, setSpan(ROOT_CONTEXT, parent));
      assert.equal(span.spanContext().traceState, after);
      const child = new Recorder({ sampler: new Answer(decision) }).start('c', {}, setSpan(ROOT_CONTEXT, span));
      assert.equal(child.spanContext().traceState, after);
    }
    assert.equal(parent.spanContext().traceState, before);
    const recorder = new Recorder({ sampler: new Answer(RECORD_AND_SAMPLED, { traceState: after }) });
    recorder.start('root').end();
    assert.equal(recorder.sent()[0].traceState, 'b=2');
  });

  it('can have a span recorded but not sent', () => {
    const recorder = new Recorder({ sampler: new Answer(RECORD) });
    const span = recorder.start('s');
    assert.ok(span.isRecording());
    assert.equal(span.spanContext().traceFlags & 1, 0);
    span.end();
    assert.deepEqual(recorder.ended, [span]);
  });

  it('that throws or returns no decision drops the span', () => {
    const answers: (() => unknown)[] = [
      () => assert.fail('no answer'),
      () => undefined,
      () => null,
      () => ({}),
      () => ({ decision: 'RECORD_AND_SAMPLED' }),
      () => ({ decision: 3 }),
      async () => ({ decision: RECORD_AND_SAMPLED }),
    ];
    const parent = nonRecordingSpan({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
    for (const shouldSample of answers) {
      const recorder = new Recorder({ sampler: { shouldSample: shouldSample as never } });
      const span = recorder.start('s', {}, setSpan(ROOT_CONTEXT, parent));
      assert.equal(span.isRecording(), false);
      assert.equal(span.spanContext().traceId, TRACE);
      assert.notEqual(span.spanContext().spanId, SPAN);
      assert.equal(span.spanContext().traceFlags & 1, 0);
    }
    assert.deepEqual(codesOf(log), ['sampler_failed']);
    assert.match(log[0].message, /no answer/);
  });

  it('is asked through shouldSample even if it extends a built-in one or has methods of the same name', () => {
    class Never extends AlwaysOnSampler {
      override shouldSample(): SamplingResult {
        return { decision: NOT_RECORD };
      }
    }
    const alike = { shouldSample: () => ({ decision: NOT_RECORD }), decide: () => RECORD_AND_SAMPLED };
    for (const sampler of [new Never(), alike]) {
      assert.equal(new Recorder({ sampler }).start('s').isRecording(), false);
      assert.equal(
        new Recorder({ sampler: new ParentBasedSampler({ root: sampler }) }).start('s').isRecording(),
        false,
      );
    }
  });
});
