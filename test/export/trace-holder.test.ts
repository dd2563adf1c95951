import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan, Span } from '../../src/core/span.ts';
import { localTrace } from '../../src/export/local-trace.ts';
import { TraceHolder } from '../../src/export/trace-holder.ts';
import { handClock } from './hand-clock.ts';

/** Returns a holder with its own clock, and what it has printed: a note, span names, and open spans after a bar. */
function holding({ hasTimers = true, hasOpen = true, isPrinted = true } = {}) {
  const clock = handClock();
  const printed: string[] = [];
  let searches = 0;
  const starts = new Map<unknown, number>();
  const open = new Set<ReadableSpan>();
  const { rootOf } = localTrace;
  const holder = new TraceHolder({
    trace: {
      ...localTrace,
      openOf(root) {
        searches++;
        return hasOpen ? [...open].filter((span) => rootOf(span) === root) : [root];
      },
      hasOpenBelow: (root) => hasOpen && [...open].some((span) => span !== root && rootOf(span) === root),
      startOf: (span) => starts.get(span),
    },
    now: clock.now,
    later: hasTimers ? clock.later : undefined,
    print: (spans, note, openOf = () => []) => {
      const open = isPrinted ? openOf() : [];
      const names = (list: readonly ReadableSpan[]) => list.map(({ name }) => name).join(' ');
      printed.push(`${note ?? 'whole'}: ${names(spans)}${open.length > 0 ? ` | ${names(open)}` : ''}`);
    },
  });
  const tracer = new TracerProvider({
    spanProcessors: [
      {
        onStart: (span) => {
          starts.set(span, clock.now());
          open.add(span as unknown as ReadableSpan);
        },
        onEnd: (span) => {
          open.delete(span);
          holder.add(span);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  }).getTracer('test');
  const start = (name: string, parent?: Span) =>
    tracer.startSpan(name, {}, parent ? setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT);
  return { clock, printed, holder, start, searches: () => searches };
}

describe('a trace', () => {
  it('is held until its root ends, and then printed as a whole', () => {
    const { printed, holder, start } = holding();
    const root = start('root');
    start('child', root).end();
    assert.deepEqual(printed, []);
    assert.equal(holder.spanCount, 1);
    root.end();
    assert.deepEqual(printed, ['whole: child root']);
    assert.equal(holder.spanCount, 0);
  });

  it('of which nothing is held needs no timer', () => {
    const { clock, start } = holding();
    const root = start('root');
    start('child', root);
    root.end();
    assert.equal(clock.timers.size, 0);
  });

  it('shares a timer with others', () => {
    const { clock, start } = holding();
    for (let trace = 0; trace < 100; trace++) start('child', start('root')).end();
    assert.equal(clock.timers.size, 1);
  });

  it('includes the spans that end in the same turn as its root', async () => {
    const { printed, start } = holding();
    const root = start('root');
    const children = ['one', 'two', 'three'].map((name) => start(name, root));
    children[0].end();
    root.end();
    assert.deepEqual(printed, []);
    children[1].end();
    await undefined;
    assert.deepEqual(printed, ['whole: one two root']);
    children[2].end();
    assert.deepEqual(printed, ['whole: one two root', 'late: three']);
  });

  it('whose root has ended is printed once, by a flush or a shutdown in the same turn', async () => {
    for (const now of ['flush', 'shutdown'] as const) {
      const { printed, holder, start } = holding();
      const root = start('root');
      start('child', root);
      root.end();
      holder[now]();
      await undefined;
      assert.deepEqual(printed, ['whole: root']);
      assert.equal(holder.spanCount, 0);
    }
  });

  it('whose root has ended is not cut short by the bounds', async () => {
    const { printed, start } = holding();
    const root = start('root');
    start('open', root);
    root.end();
    for (let trace = 0; trace < 1_000; trace++) start('child', start('another')).end();
    await undefined;
    assert.deepEqual(printed, ['whole: root']);
  });

  it('prints a span that ends after its root separately and immediately', async () => {
    const { printed, start } = holding();
    const root = start('root');
    const children = ['one', 'two'].map((name) => start(name, root));
    root.end();
    await undefined;
    for (const child of children) child.end();
    assert.deepEqual(printed, ['whole: root', 'late: one', 'late: two']);
  });

  it('of which open spans are not known is printed as its root ends', () => {
    const { printed, start } = holding({ hasOpen: false });
    const root = start('root');
    const child = start('child', root);
    root.end();
    child.end();
    assert.deepEqual(printed, ['whole: root', 'late: child']);
  });
});

describe('a root that is open for 10 s', () => {
  it('prints the ended spans as they are, with the open ones', () => {
    const { clock, printed, start } = holding();
    const root = start('root');
    clock.advance(4_000);
    const child = start('child', root);
    start('grandchild', child).end();
    clock.advance(5_999);
    assert.deepEqual(printed, []);
    clock.advance(1);
    assert.deepEqual(printed, ['partial: grandchild | root child']);
  });

  it('prints later spans in parts, each when its topmost span ends', () => {
    const { clock, printed, start } = holding();
    const session = start('session');
    start('setup', session).end();
    clock.advance(10_000);
    for (const name of ['turn 1', 'turn 2']) {
      const turn = start(name, session);
      const llm = start('llm', turn);
      start('token', llm).end();
      llm.end();
      clock.advance(3_000);
      turn.end();
    }
    session.end();
    assert.deepEqual(printed, [
      'partial: setup | session',
      'late: llm token turn 1',
      'late: llm token turn 2',
      'late: session',
    ]);
  });

  it('does not mix the parts of overlapping turns', () => {
    const { clock, printed, start } = holding();
    const session = start('session');
    start('setup', session).end();
    clock.advance(10_000);
    const [one, two] = ['one', 'two'].map((name) => start(name, session));
    start('of one', one).end();
    start('of two', two).end();
    two.end();
    one.end();
    assert.deepEqual(printed.slice(1), ['late: of two two', 'late: of one one']);
  });

  it('prints its first child immediately if that ends only then', () => {
    const { clock, printed, start } = holding();
    const root = start('root');
    clock.advance(3_600_000);
    const child = start('child', root);
    start('grandchild', child).end();
    assert.deepEqual(printed, []);
    child.end();
    start('next', root).end();
    assert.deepEqual(printed, ['partial: grandchild child', 'late: next']);
  });

  it('holds the spans below another open span for 10 s at most', () => {
    const { clock, printed, start } = holding();
    const root = start('root');
    start('setup', root).end();
    clock.advance(10_000);
    const slow = start('slow', root);
    start('first', slow).end();
    clock.advance(10_000);
    // By now, spans do not wait for the end of `slow` either.
    start('second', slow).end();
    slow.end();
    assert.deepEqual(printed, ['partial: setup | root', 'late: first | root slow', 'late: second', 'late: slow']);
  });

  it('that never ends keeps nothing', () => {
    const { clock, printed, holder, start } = holding();
    const root = start('root');
    for (let second = 0; second < 100; second++) {
      start('child', root).end();
      clock.advance(1_000);
    }
    assert.equal(holder.spanCount, 0);
    assert.equal(printed.length, 1 + 90);
  });

  it('is distinguished from a younger one', () => {
    const { clock, printed, start } = holding();
    start('old child', start('old root')).end();
    clock.advance(5_000);
    start('young child', start('young root')).end();
    clock.advance(5_000);
    assert.deepEqual(printed, ['partial: old child | old root']);
    clock.advance(5_000);
    assert.deepEqual(printed.slice(1), ['partial: young child | young root']);
  });

  it('is noticed for an older trace whose first child ends later', () => {
    const { clock, printed, start } = holding();
    const old = start('old root');
    clock.advance(9_000);
    start('young child', start('young root')).end();
    start('old child', old).end();
    clock.advance(1_000);
    assert.deepEqual(printed, ['partial: old child | old root']);
  });

  it('is noticed without timers when the next trace ends', () => {
    const { clock, printed, start } = holding({ hasTimers: false });
    start('child', start('root')).end();
    clock.advance(20_000);
    assert.deepEqual(printed, []);
    start('other child', start('other root')).end();
    assert.deepEqual(printed, ['partial: child | root']);
  });

  it('is noticed even if the clock stands still', () => {
    const { clock, printed, start } = holding();
    start('child', start('root')).end();
    clock.fire();
    assert.deepEqual(printed, ['partial: child | root']);
  });

  it('is printed alone if open spans are not tracked', () => {
    const { clock, printed, start } = holding({ hasOpen: false });
    const root = start('root');
    start('child', root).end();
    clock.advance(10_000);
    start('next', root).end();
    root.end();
    assert.deepEqual(printed, ['partial: child | root', 'late: next', 'late: root']);
  });
});

describe('the bounds', () => {
  it('are 1,000 traces, beyond which the oldest is printed', () => {
    const { printed, start } = holding();
    const roots = Array.from({ length: 1_001 }, (_, at) => start(`root ${at}`));
    for (const [at, root] of roots.entries()) start(`child ${at}`, root).end();
    assert.deepEqual(printed, ['partial: child 0 | root 0']);
    roots[0].end();
    roots[1].end();
    assert.deepEqual(printed.slice(1), ['late: root 0', 'whole: child 1 root 1']);
  });

  it('are 10,000 spans, beyond which the oldest trace is printed', () => {
    const { printed, holder, start } = holding();
    const [first, second] = [start('first'), start('second')];
    start('child', first).end();
    for (let child = 0; child < 10_000; child++) start('x', second).end();
    assert.deepEqual(printed, ['partial: child | first']);
    start('x', second).end();
    assert.equal(printed.length, 2);
    assert.equal(holder.spanCount, 0);
  });

  it('include spans held for parts', () => {
    const { clock, printed, holder, start } = holding();
    const root = start('root');
    start('child', root).end();
    clock.advance(10_000);
    const open = start('open', root);
    for (let child = 0; child < 10_000; child++) start('x', open).end();
    assert.equal(holder.spanCount, 10_000);
    assert.equal(printed.length, 1);
    start('x', open).end();
    assert.equal(holder.spanCount, 0);
    assert.match(printed[1], /^late: (x ){10001}\| root open$/);
  });

  it('cause no search for open spans if a trace is only counted', () => {
    const { printed, start, searches } = holding({ isPrinted: false });
    for (let trace = 0; trace < 1_100; trace++) start('child', start('root')).end();
    assert.equal(printed.length, 100);
    assert.equal(searches(), 0);
  });

  it('do not depend on the number of open roots without ended spans', () => {
    const { printed, start } = holding();
    const roots = Array.from({ length: 5_000 }, () => start('root'));
    for (const root of roots) root.end();
    assert.deepEqual(new Set(printed), new Set(['whole: root']));
  });
});

describe('a shutdown', () => {
  it('prints held spans, marked as unfinished, and stops the timer', () => {
    const { printed, holder, start } = holding();
    const root = start('root');
    start('child', root).end();
    holder.shutdown();
    assert.deepEqual(printed, ['unfinished: child | root']);
    assert.equal(holder.spanCount, 0);
  });
});
