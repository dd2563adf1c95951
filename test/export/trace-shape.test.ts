import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan } from '../../src/core/span.ts';
import { SpanStatusCode } from '../../src/core/status.ts';
import { localTrace } from '../../src/export/local-trace.ts';
import { crowdText, TraceShapes } from '../../src/export/trace-shape.ts';
import type { TracePart } from '../../src/export/waterfall.ts';
import { handClock } from './hand-clock.ts';
import { at } from './printed-trace.ts';

const PLAIN = { hasUnicode: true, hasColor: false };
const ASCII = { hasUnicode: false, hasColor: false };

/** A name with its children. */
type Tree = readonly [name: string, ...children: Tree[]];

/** Returns the spans of a trace, the root last, with a duration in milliseconds. */
function traceOf(
  tree: Tree,
  { millis = 1, isError = false, note }: { millis?: number; isError?: boolean | string; note?: 'late' } = {},
): TracePart {
  const spans: ReadableSpan[] = [];
  const tracer = new TracerProvider({
    spanProcessors: [{ onEnd: (span) => spans.push(span), forceFlush: async () => {}, shutdown: async () => {} }],
  }).getTracer('test');
  const make = ([name, ...children]: Tree, context = ROOT_CONTEXT): void => {
    const span = tracer.startSpan(name, { startTime: at(0) }, context);
    for (const child of children) make(child, setSpan(ROOT_CONTEXT, span));
    if (isError === true || isError === name) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(at(millis));
  };
  make(tree);
  return { traceId: spans[0].spanContext().traceId, spans, note };
}

const admit = (shapes: TraceShapes, { spans, note }: TracePart) => shapes.admit(spans, note);

function counting({ hasTimers = true } = {}) {
  const clock = handClock();
  const lines: string[] = [];
  const shapes = new TraceShapes({
    trace: localTrace,
    now: clock.now,
    later: hasTimers ? clock.later : undefined,
    print: (crowd) => lines.push(crowdText(crowd, PLAIN)),
  });
  /** Returns how many of `count` traces are printed in full. */
  const admitted = (count: number, part: TracePart | ((index: number) => TracePart)) =>
    Array.from({ length: count }, (_, index) => admit(shapes, typeof part === 'function' ? part(index) : part)).filter(
      Boolean,
    ).length;
  return { clock, lines, shapes, admitted };
}

describe('traces of one shape', () => {
  it('are printed in full up to ten a second, the others as a line at the end of the second', () => {
    const { clock, lines, admitted } = counting();
    const request = traceOf(['llm.request', ['http']], { millis: 12 });
    assert.equal(admitted(1_244, request), 10);
    clock.advance(999);
    assert.deepEqual(lines, []);
    clock.advance(1);
    assert.deepEqual(lines, ['… 1,234 more of llm.request in 1 s, p50 12.0 ms, p95 12.0 ms, 0 errors']);
    assert.equal(admitted(11, request), 10);
  });

  it('are all printed if there are not more of them', () => {
    const { clock, lines, admitted } = counting();
    for (let second = 0; second < 3; second++) {
      assert.equal(admitted(10, traceOf(['root'])), 10);
      clock.advance(1_000);
    }
    assert.deepEqual(lines, []);
    assert.equal(clock.timers.size, 0);
  });

  it('are summarized with percentiles and errors if they are not printed', () => {
    const { clock, lines, admitted } = counting();
    assert.equal(admitted(10, traceOf(['root'], { millis: 900 })), 10);
    assert.equal(
      admitted(100, (index) => traceOf(['root'], { millis: index + 1, isError: index < 11 })),
      10,
    );
    clock.advance(1_000);
    assert.deepEqual(lines, ['… 90 more of root in 1 s, p50 55.0 ms, p95 96.0 ms, 1 error']);
  });

  it('that failed have a separate limit of ten', () => {
    const { clock, lines, admitted } = counting();
    assert.equal(admitted(20, traceOf(['root'])), 10);
    assert.equal(admitted(20, traceOf(['root'], { isError: true })), 10);
    clock.advance(1_000);
    assert.match(lines[0], /^… 20 more of root in 1 s, .*, 10 errors$/);
  });

  it('with a failed inner span count as errors', () => {
    const { clock, lines, admitted } = counting();
    admitted(12, traceOf(['root', ['child', ['grandchild']]], { isError: 'grandchild' }));
    clock.advance(1_000);
    assert.match(lines[0], /, 2 errors$/);
  });

  it('may be any number, with bounded memory', () => {
    const { clock, shapes, admitted } = counting();
    const part = traceOf(['root']);
    assert.equal(admitted(100_000, part), 10);
    const crowds: { durations: readonly number[]; count: number }[] = [];
    const other = new TraceShapes({
      trace: localTrace,
      now: clock.now,
      later: clock.later,
      print: (crowd) => crowds.push(crowd),
    });
    for (let trace = 0; trace < 100_000; trace++) admit(other, part);
    other.flush();
    shapes.shutdown();
    assert.deepEqual([crowds[0].count, crowds[0].durations.length], [99_990, 1_000]);
    assert.equal(crowds[0].durations.filter((millis) => millis === 1).length, 1_000);
  });

  it('share a timer', () => {
    const { clock, admitted } = counting();
    admitted(1_000, (index) => traceOf([`root ${index % 20}`]));
    assert.equal(clock.timers.size, 1);
  });
});

describe('a shape', () => {
  const isSame = (one: TracePart, other: TracePart) => {
    const { admitted } = counting();
    admitted(10, one);
    return admitted(1, other) === 0;
  };
  const part = traceOf(['root', ['a', ['b']], ['c']]);

  it('consists of names and structure, not of ids and times', () => {
    assert.equal(isSame(part, traceOf(['root', ['a', ['b']], ['c']], { millis: 5 })), true);
  });

  it('does not depend on the order or number of equal children', () => {
    assert.equal(isSame(part, traceOf(['root', ['c'], ['a', ['b']]])), true);
    assert.equal(isSame(part, traceOf(['root', ['a', ['b'], ['b']], ['c'], ['a', ['b']]])), true);
  });

  it('differs if a name, a position or a part differs', () => {
    for (const tree of [
      ['other', ['a', ['b']], ['c']],
      ['root', ['a'], ['b'], ['c']],
      ['root', ['a', ['b', ['c']]]],
      ['root', ['a', ['b']]],
      ['root'],
    ] as Tree[]) {
      assert.equal(isSame(part, traceOf(tree)), false, JSON.stringify(tree));
    }
    assert.equal(isSame(traceOf(['root']), traceOf(['root'], { note: 'late' })), false);
  });

  it('may be that of a chain of 20,000 spans, or of duplicate ids', () => {
    let chain: Tree = ['end'];
    const spans: ReadableSpan[] = [];
    for (let depth = 0; depth < 100; depth++) chain = ['link', chain];
    const { spans: links } = traceOf(chain);
    for (let round = 0; round < 200; round++) spans.push(...links);
    const { admitted } = counting();
    assert.equal(admitted(11, { traceId: '', spans }), 10);
    const loop = Object.assign(Object.create(links[0]), { _idLow: 1, _idHigh: 0, _parentLow: 1, _parentHigh: 0 });
    assert.equal(admitted(11, { traceId: '', spans: [loop, loop] }), 10);
  });
});

describe('names that contain ids', () => {
  it('are printed in full for a hundred shapes, and then combined', () => {
    const { clock, lines, admitted } = counting();
    assert.equal(
      admitted(10_000, (index) => traceOf([`GET /users/${index}`])),
      110,
    );
    clock.advance(1_000);
    assert.deepEqual(lines, ['… 9,890 more of other traces in 1 s, p50 1.0 ms, p95 1.0 ms, 0 errors']);
  });
});

describe('the summary line', () => {
  it('is printed at a flush, and not repeated by a second one', () => {
    const { clock, lines, shapes, admitted } = counting();
    const part = traceOf(['root']);
    admitted(12, part);
    clock.advance(300);
    shapes.flush();
    shapes.flush();
    assert.equal(admitted(3, part), 0);
    clock.advance(700);
    assert.deepEqual(
      lines.map((line) => line.replace(/, p50.*/, '')),
      ['… 2 more of root in 300 ms', '… 3 more of root in 700 ms'],
    );
  });

  it('is printed at a shutdown', () => {
    const { lines, shapes, admitted } = counting();
    admitted(12, traceOf(['root']));
    shapes.shutdown();
    assert.equal(lines.length, 1);
  });

  it('is printed without a timer when a trace of the next second ends', () => {
    const { clock, lines, admitted } = counting({ hasTimers: false });
    admitted(12, traceOf(['root']));
    clock.advance(5_000);
    assert.deepEqual(lines, []);
    assert.equal(admitted(1, traceOf(['other'])), 1);
    assert.equal(lines.length, 1);
  });

  it('is printed even if the clock stands still', () => {
    const { clock, lines, admitted } = counting();
    admitted(12, traceOf(['root']));
    clock.fire();
    assert.match(lines[0], /^… 2 more of root in 1 s, /);
    assert.equal(admitted(11, traceOf(['root'])), 10);
  });

  it('has only ASCII characters if required, and no control characters', () => {
    const crowd = { name: 'a\n\x1b[31mb', count: 1, errors: 2, durations: [0.25], millis: 1_000 };
    assert.equal(crowdText({ ...crowd, name: 'a' }, ASCII), '... 1 more of a in 1 s, p50 250 us, p95 250 us, 2 errors');
    assert.doesNotMatch(crowdText(crowd, PLAIN), /\p{Cc}/u);
    assert.ok(crowdText({ ...crowd, name: 'x'.repeat(1_000) }, PLAIN).length < 150, 'a long name is cut');
    assert.match(crowdText({ ...crowd, durations: [1_500, 120_000] }, PLAIN), /p50 1.50 s, p95 2 min 0 s/);
  });

  it('has its errors in red, if there are any', () => {
    const crowd = { name: 'a', count: 1, errors: 2, durations: [0.25], millis: 1_000 };
    const style = { hasUnicode: true, hasColor: true };
    assert.ok(crowdText(crowd, style).endsWith(', \x1b[31m2 errors\x1b[0m'));
    assert.ok(crowdText({ ...crowd, errors: 0 }, style).endsWith(', 0 errors'));
  });
});
