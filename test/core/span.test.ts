import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import fc from 'fast-check';
import { type Context, ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { SpanKind } from '../../src/core/kind.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { processState } from '../../src/core/process-state.ts';
import { AlwaysOffSampler } from '../../src/core/sampler.ts';
import type { Span } from '../../src/core/span.ts';
import { INVALID_SPAN_CONTEXT } from '../../src/core/span-context.ts';
import { SpanStatusCode } from '../../src/core/status.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { nanoseconds, Recorder } from './recorder.ts';

const log = diagnosticLog();
const REMOTE = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

describe('a recording span', () => {
  it('has its ids, its flags and its name', () => {
    const span = new Recorder().start('a name');
    const context = span.spanContext();
    assert.match(context.traceId, /^[0-9a-f]{32}$/);
    assert.match(context.spanId, /^[0-9a-f]{16}$/);
    assert.equal(context.traceFlags, 3);
    assert.equal(context.traceState, undefined);
    assert.equal(span.spanContext(), context);
    assert.equal(span.name, 'a name');
    assert.equal(span.parentSpanContext, undefined);
    assert.equal(span.isLocalRoot, true);
    assert.ok(span.isRecording());
  });

  it('is a Span of @opentelemetry/api, in type and behavior', () => {
    const recorder = new Recorder();
    const span: api.Span = recorder.start('handed on');
    span.setAttribute('a', 1).setAttributes({ b: 'x' }).addEvent('e').addLink({ context: REMOTE }).addLinks([]);
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: 'm' }).updateName('renamed');
    span.recordException(new Error('x'));
    span.end();
    assert.deepEqual(recorder.ended[0].attributes, { a: 1, b: 'x' });
    assert.equal(recorder.ended[0].name, 'renamed');
  });

  it('arrives as it was created', () => {
    const recorder = new Recorder({ resource: { attributes: { 'service.name': 's' }, schemaUrl: 'schema' } });
    const parent = nonRecordingSpan(REMOTE);
    const span = recorder.start(
      'everything',
      {
        kind: SpanKind.CONSUMER,
        startTime: [1_700_000_000, 1],
        attributes: { text: 'é', int: -1, double: 0.5, flag: true, list: [1, 'a', null], map: { a: 1 } },
        links: [{ context: REMOTE, attributes: { l: 1 } }],
      },
      setSpan(ROOT_CONTEXT, parent),
    );
    span.addEvent('e', { k: 'v' }, [1_700_000_000, 2]);
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
    span.end([1_700_000_000, 3]);
    const [sent] = recorder.sent();
    assert.deepEqual(
      { ...sent, resource: sent.resource.schemaUrl, scope: sent.scope.name },
      {
        traceId: REMOTE.traceId,
        spanId: span.spanContext().spanId,
        parentSpanId: REMOTE.spanId,
        traceState: '',
        flags: 0x301,
        name: 'everything',
        kind: 5,
        startTimeUnixNano: 1_700_000_000_000_000_001n,
        endTimeUnixNano: 1_700_000_000_000_000_003n,
        attributes: { text: 'é', int: -1n, double: 0.5, flag: true, list: [1n, 'a', null], map: { a: 1n } },
        droppedAttributesCount: 0,
        events: [
          { name: 'e', timeUnixNano: 1_700_000_000_000_000_002n, attributes: { k: 'v' }, droppedAttributesCount: 0 },
        ],
        droppedEventsCount: 0,
        links: [
          {
            traceId: REMOTE.traceId,
            spanId: REMOTE.spanId,
            traceState: '',
            flags: 0x301,
            attributes: { l: 1n },
            droppedAttributesCount: 0,
          },
        ],
        droppedLinksCount: 0,
        status: { code: 2, message: 'failed' },
        resource: 'schema',
        scope: 'recorder',
      },
    );
    assert.deepEqual(log, []);
  });

  it('has one of the five kinds', () => {
    const recorder = new Recorder();
    for (const kind of Object.values(SpanKind)) assert.equal(recorder.start('k', { kind }).kind, kind);
    for (const kind of [undefined, null, 5, -1, '1', 1.5]) {
      assert.equal(recorder.start('k', { kind: kind as never }).kind, SpanKind.INTERNAL);
    }
  });

  it('converts a name that is not a string', () => {
    const recorder = new Recorder();
    const names: [unknown, string][] = [
      [5, '5'],
      [undefined, ''],
      [null, 'null'],
      [Symbol('s'), 'Symbol(s)'],
      [{ toString: () => 'text' }, 'text'],
      [{ toString: () => assert.fail('no text') }, ''],
      [Object.create(null), ''],
    ];
    for (const [name, text] of names) {
      assert.equal(recorder.start(name as string).name, text);
      assert.equal(recorder.start('x').updateName(name as string).name, text);
      assert.equal(recorder.start('x').addEvent(name as string).events[0].name, text);
    }
  });
});

describe('the status of a span', () => {
  const statusAfter = (...statuses: unknown[]) => {
    const span = new Recorder().start('s');
    for (const status of statuses) span.setStatus(status as never);
    return span.status;
  };
  const { OK, ERROR, UNSET } = SpanStatusCode;

  it('is unset at first, and then the last error', () => {
    assert.deepEqual(statusAfter(), { code: UNSET });
    assert.deepEqual(statusAfter({ code: ERROR, message: 'a' }), { code: ERROR, message: 'a' });
    assert.deepEqual(statusAfter({ code: ERROR, message: 'a' }, { code: ERROR, message: 'b' }).message, 'b');
    assert.deepEqual(statusAfter({ code: ERROR, message: 'a' }, { code: ERROR }), { code: ERROR });
  });

  it('stays OK once it is set', () => {
    assert.deepEqual(statusAfter({ code: ERROR, message: 'a' }, { code: OK }), { code: OK });
    assert.deepEqual(statusAfter({ code: OK }, { code: ERROR, message: 'a' }), { code: OK });
    assert.deepEqual(statusAfter({ code: OK }, { code: UNSET }), { code: OK });
  });

  it('cannot be unset', () => {
    assert.deepEqual(statusAfter({ code: ERROR, message: 'a' }, { code: UNSET }), { code: ERROR, message: 'a' });
    assert.deepEqual(statusAfter({ code: UNSET, message: 'a' }), { code: UNSET });
  });

  it('has a message only with an error', () => {
    assert.deepEqual(statusAfter({ code: OK, message: 'fine' }), { code: OK });
    assert.deepEqual(statusAfter({ code: ERROR, message: 5 }), { code: ERROR });
  });

  it('ignores invalid statuses', () => {
    for (const status of [undefined, null, 2, 'ERROR', {}, { code: 3 }, { code: '2' }, { code: NaN }]) {
      assert.deepEqual(statusAfter(status), { code: UNSET });
    }
  });
});

describe('the events of a span', () => {
  it('can have attributes, a time, both, or neither', () => {
    const span = new Recorder().start('s');
    span.addEvent('bare').addEvent('timed', [1_700_000_000, 5]).addEvent('dated', new Date(1_700_000_000_007));
    span.addEvent('attributes', { a: 1 }).addEvent('both', { a: 1 }, 1_700_000_000_009);
    span.addEvent('none', undefined, [1_700_000_000, 11]).addEvent('null', null as never);
    const events = span.events.map(({ name, attributes }) => [name, attributes]);
    assert.deepEqual(events, [
      ['bare', {}],
      ['timed', {}],
      ['dated', {}],
      ['attributes', { a: 1 }],
      ['both', { a: 1 }],
      ['none', {}],
      ['null', {}],
    ]);
    const times = span.events.map(({ time }) => time);
    assert.deepEqual(times[1], [1_700_000_000, 5]);
    assert.deepEqual(times[2], [1_700_000_000, 7_000_000]);
    assert.deepEqual(times[4], [1_700_000_000, 9_000_000]);
    assert.deepEqual(times[5], [1_700_000_000, 11]);
    assert.deepEqual(log, []);
  });

  it('without a time lie between its start and its end, in order', () => {
    const recorder = new Recorder();
    const span = recorder.start('s');
    for (let event = 0; event < 50; event++) span.addEvent('e');
    span.end();
    const [{ startTimeUnixNano, endTimeUnixNano, events }] = recorder.sent();
    const times = [startTimeUnixNano, ...events.map(({ timeUnixNano }) => timeUnixNano), endTimeUnixNano];
    assert.deepEqual(
      times,
      [...times].sort((a, b) => (a < b ? -1 : 1)),
    );
  });
});

describe('the links of a span', () => {
  it('can be given as a span, a span context or a context', () => {
    const recorder = new Recorder();
    const [first, second] = [recorder.start('first', { attributes: { own: 1 } }), recorder.start('second')];
    const third = api.trace.wrapSpanContext(REMOTE);
    // None of these spans has created its span context yet.
    const links = [
      first,
      { context: second },
      third,
      REMOTE,
      setSpan(ROOT_CONTEXT, third as never),
      { context: third },
    ];
    for (const span of [recorder.start('at start', { links }), recorder.start('later').addLinks(links)]) {
      assert.deepEqual(
        span.links.map(({ context, attributes }) => [context.traceId, context.spanId, context.isRemote, attributes]),
        [
          [first.spanContext().traceId, first.spanContext().spanId, false, {}],
          [second.spanContext().traceId, second.spanContext().spanId, false, {}],
          ...Array.from({ length: 4 }, () => [REMOTE.traceId, REMOTE.spanId, true, {}]),
        ],
      );
    }
  });

  it('carry attributes and the number of those dropped before', () => {
    const span = new Recorder().start('s');
    span.addLink({
      context: REMOTE,
      attributes: { a: 1, b: Symbol('b') as never },
      droppedAttributesCount: 2,
    } as never);
    for (const count of [-5, 1.5, NaN, '3', Infinity]) {
      span.addLink({ context: REMOTE, droppedAttributesCount: count } as never);
    }
    assert.deepEqual(span.links[0].attributes, { a: 1 });
    assert.deepEqual(
      span.links.map(({ droppedAttributesCount }) => droppedAttributesCount),
      [3, 0, 0, 0, 0, 0],
    );
  });

  it('keep the state at the time of their creation', () => {
    const span = new Recorder().start('s');
    const context = { ...REMOTE };
    span.addLink({ context });
    context.spanId = 'ffffffffffffffff';
    assert.equal(span.links[0].context.spanId, REMOTE.spanId);
  });

  it('to no span have invalid ids', () => {
    const recorder = new Recorder();
    recorder
      .start('s')
      .addLinks([{ context: { ...REMOTE, traceId: 'xyz' } }, INVALID_SPAN_CONTEXT, ROOT_CONTEXT])
      .end();
    assert.deepEqual(
      recorder.sent()[0].links.map(({ traceId, spanId }) => [traceId, spanId]),
      Array.from({ length: 3 }, () => ['0'.repeat(32), '0'.repeat(16)]),
    );
  });

  it('that cannot be read are counted', () => {
    const span = new Recorder().start('s');
    const throwing = {
      get context(): never {
        throw new Error('a getter');
      },
    };
    span
      .addLink(undefined as never)
      .addLink(5 as never)
      .addLink(throwing)
      .addLinks(5 as never);
    assert.equal(span.links.length, 0);
    assert.equal(span.droppedLinksCount, 3);
    assert.deepEqual(codesOf(log), ['link_refused']);
  });
});

describe('an exception of a span', () => {
  it('is recorded as an event, and does not set the status', () => {
    const span = new Recorder().start('s');
    const error = new RangeError('out of range');
    span.recordException(error);
    const [{ name, attributes }] = span.events;
    assert.equal(name, 'exception');
    assert.deepEqual(attributes, {
      'exception.type': 'RangeError',
      'exception.message': 'out of range',
      'exception.stacktrace': error.stack,
    });
    assert.deepEqual(span.status, { code: SpanStatusCode.UNSET });
  });

  it('has the time that is given', () => {
    const span = new Recorder().start('s');
    span.recordException('text', [1_700_000_000, 3]);
    assert.deepEqual(span.events[0].time, [1_700_000_000, 3]);
    assert.deepEqual(span.events[0].attributes, { 'exception.type': 'string', 'exception.message': 'text' });
  });
});

describe('the times of a span', () => {
  it('are the given ones, to the nanosecond', () => {
    const recorder = new Recorder();
    const seconds = fc.integer({ min: 0, max: 17_990_000_000 });
    fc.assert(
      fc.property(seconds, fc.nat(999_999_999), fc.nat(1_000_000), (second, nanosecond, more) => {
        recorder.ended.length = 0;
        recorder.start('s', { startTime: [second, nanosecond] }).end([second + more, nanosecond]);
        const [{ startTimeUnixNano, endTimeUnixNano }] = recorder.sent();
        assert.equal(startTimeUnixNano, nanoseconds([second, nanosecond]));
        assert.equal(endTimeUnixNano, nanoseconds([second + more, nanosecond]));
      }),
    );
  });

  it('never end before they start', () => {
    const recorder = new Recorder();
    const time = fc.oneof(
      fc.tuple(fc.nat(18_000_000_000), fc.nat(999_999_999)),
      fc.nat(18_000_000_000_000),
      fc.date({ min: new Date(0), max: new Date(18e12) }),
      fc.double({ min: 0, max: 1e6 }),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(time, time, (startTime, endTime) => {
        recorder.ended.length = 0;
        recorder.start('s', { startTime: startTime as never }).end(endTime as never);
        const [sent] = recorder.sent();
        const [span] = recorder.ended;
        assert.ok(sent.endTimeUnixNano >= sent.startTimeUnixNano);
        assert.equal(nanoseconds(span.startTime), sent.startTimeUnixNano);
        assert.equal(nanoseconds(span.endTime), sent.endTimeUnixNano);
        assert.equal(nanoseconds(span.duration), sent.endTimeUnixNano - sent.startTimeUnixNano);
      }),
    );
  });

  it('end by the clock if only the start was given', () => {
    const recorder = new Recorder();
    const before = Date.now();
    recorder.start('s', { startTime: new Date(before - 5_000) }).end();
    const [seconds, rest] = recorder.ended[0].duration;
    assert.ok(seconds * 1e9 + rest >= 4.98e9);
    recorder.start('s', { startTime: new Date(before + 3_600_000) }).end();
    assert.deepEqual(recorder.ended[1].duration, [0, 0]);
  });

  it('accept readings of performance.now()', () => {
    const recorder = new Recorder();
    const before = Date.now();
    const reading = performance.now();
    const after = Date.now();
    const span = recorder.start('s', { startTime: reading });
    span.addEvent('e', reading + 1);
    span.end(reading + 2);
    const [{ startTimeUnixNano, endTimeUnixNano, events }] = recorder.sent();
    // The clocks may diverge by 10 ms before the anchor follows.
    const start = Number(startTimeUnixNano / 1_000_000n);
    assert.ok(start >= before - 12 && start <= after + 12, `${start} is not between ${before} and ${after}`);
    const between = events[0].timeUnixNano - startTimeUnixNano;
    assert.ok(between >= 999_999n && between <= 1_000_001n);
    const lasted = endTimeUnixNano - startTimeUnixNano;
    assert.ok(lasted >= 1_999_999n && lasted <= 2_000_001n);
  });

  it('that are invalid are replaced by the clock, with one warning', () => {
    const recorder = new Recorder();
    const none = [
      NaN,
      Infinity,
      -1,
      '2024',
      {},
      [],
      [1],
      ['1', '2'],
      [NaN, 1],
      [1n, 2n],
      new Date(NaN),
      Symbol('t'),
      null,
    ];
    const before = BigInt(Date.now() - 1_000) * 1_000_000n;
    for (const time of none) {
      recorder
        .start('s', { startTime: time as never })
        .addEvent('e', {}, time as never)
        .end(time as never);
    }
    for (const { startTimeUnixNano, endTimeUnixNano, events } of recorder.sent()) {
      assert.ok(startTimeUnixNano > before && endTimeUnixNano >= startTimeUnixNano);
      assert.ok(events[0].timeUnixNano >= startTimeUnixNano);
    }
    assert.equal(recorder.ended.length, none.length);
    assert.deepEqual(codesOf(log), ['time_refused']);
  });

  it('of children lie within those of their parents', () => {
    const recorder = new Recorder();
    for (let round = 0; round < 200; round++) {
      const parent = recorder.start('parent');
      const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, parent));
      child.end();
      parent.end();
    }
    const spans = recorder.sent();
    for (let at = 0; at < spans.length; at += 2) {
      const [child, parent] = [spans[at], spans[at + 1]];
      assert.equal(child.parentSpanId, parent.spanId);
      assert.ok(parent.startTimeUnixNano <= child.startTimeUnixNano);
      assert.ok(child.endTimeUnixNano <= parent.endTimeUnixNano);
    }
  });
});

describe('the end of a span', () => {
  it('happens once, and nothing changes afterwards', () => {
    const recorder = new Recorder();
    const span = recorder.start('s', { attributes: { a: 1 } });
    span.end();
    const [before] = recorder.sent();
    span.setAttribute('b', 2).setAttributes({ c: 3 }).addEvent('e').addLink(REMOTE).addLinks([REMOTE]);
    span.setStatus({ code: SpanStatusCode.ERROR }).updateName('other');
    span.recordException(new Error('late'));
    span.end([2_000_000_000, 0]);
    span[Symbol.dispose]();
    assert.deepEqual(recorder.sent(), [before]);
    assert.equal(span.isRecording(), false);
    assert.equal(span.ended, true);
    assert.deepEqual(codesOf(log), ['span_ended']);
    assert.match(log[0].message, /setAttribute\(\).*"s".*end/);
  });

  it('happens at the end of a `using` block', () => {
    const recorder = new Recorder();
    let within: Span | undefined;
    {
      using span = recorder.start('scoped');
      within = span;
      assert.ok(span.isRecording());
    }
    assert.deepEqual(recorder.ended, [within]);
    assert.throws(() => {
      using span = recorder.start('thrown out of');
      span.setAttribute('a', 1);
      throw new Error('thrown');
    }, /thrown/);
    assert.deepEqual(recorder.ended[1].status, { code: SpanStatusCode.UNSET });
  });

  it('may come before the end of its `using` block', () => {
    const recorder = new Recorder();
    {
      using span = recorder.start('scoped');
      span.end();
    }
    assert.equal(recorder.ended.length, 1);
    assert.deepEqual(log, []);
  });
});

describe('running a callback in a span', () => {
  const active = () => processState.contextStorage.getStore();

  it('makes it active, and the parent of spans that start there', () => {
    const recorder = new Recorder();
    const span = recorder.start('s');
    const key = Symbol('other');
    const outer: Context = ROOT_CONTEXT.setValue(key, 'kept');
    processState.contextStorage.run(outer, () => {
      const result = span.run(() => {
        assert.equal(api.trace.getSpan(active() as api.Context), span);
        assert.equal(active()?.getValue(key), 'kept');
        return recorder.start('child').parentSpanContext?.spanId;
      });
      assert.equal(result, span.spanContext().spanId);
      assert.equal(active(), outer);
    });
    assert.ok(span.isRecording());
  });

  it('rethrows errors', () => {
    const span = new Recorder().start('s');
    assert.throws(() => span.run(() => assert.fail('thrown')), /thrown/);
    assert.equal(active(), undefined);
    assert.ok(span.isRecording());
  });
});

describe('a span that is not recorded', () => {
  it('accepts everything and keeps nothing', () => {
    const recorder = new Recorder({ sampler: new AlwaysOffSampler() });
    const span: Span = recorder.start('s');
    const context = span.spanContext();
    span.setAttribute('a', 1).setAttributes({}).addEvent('e').addLink(REMOTE).addLinks([]).updateName('x');
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.recordException(new Error('x'));
    assert.equal(span.isRecording(), false);
    span.end();
    span.end();
    span[Symbol.dispose]();
    assert.equal(span.spanContext(), context);
    assert.deepEqual(recorder.ended, []);
    assert.deepEqual(recorder.started, []);
    assert.deepEqual(log, []);
    assert.equal(recorder.provider.live, 0);
  });
});
