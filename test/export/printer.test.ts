import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { at, printing } from './printed-trace.ts';

const HEAD = 'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00';

/** What stands in front of the bars. */
const outline = (text: string) =>
  text
    .replace(/\n(?= +\d* ?\w* ?\()/, '')
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +[━╸╺◆]+$/, ''))
    .filter((line) => !/^ +0 /.test(line));

describe('a trace', () => {
  test('is printed when its local root ends, and not before', () => {
    const { start, texts } = printing();
    const root = start('root', 0);
    start('child', 1, root).end(at(2));
    assert.deepEqual(texts, []);
    root.end(at(3));
    assert.deepEqual(texts.map(outline), [[`${HEAD}.000Z  3.0 ms  2 spans`, 'root      3.0 ms', '└─ child  1.0 ms']]);
  });

  test('is printed apart from others of the same time', () => {
    const { start, texts } = printing();
    const [one, two] = [start('one', 0), start('two', 0)];
    start('of one', 1, one).end(at(2));
    start('of two', 1, two).end(at(2));
    two.end(at(3));
    one.end(at(3));
    assert.deepEqual(
      texts.map((text) => text.match(/of \w+/g)),
      [['of two'], ['of one']],
    );
  });

  test('begins where its parent is elsewhere', () => {
    const { start, texts } = printing();
    const parent = { traceId: '1'.padStart(32, '0'), spanId: 'a'.repeat(16), traceFlags: 1, isRemote: true };
    for (let request = 0; request < 2; request++) {
      const server = start('server', 0, parent);
      start('child', 1, server).end(at(2));
      server.end(at(3));
    }
    const text = [`${HEAD}.000Z  3.0 ms  2 spans`, 'server    3.0 ms', '└─ child  1.0 ms'];
    assert.deepEqual(texts.map(outline), [text, text]);
  });
});

describe('spans that end after their root', () => {
  test('are printed together, within a second, as late', () => {
    const { start, texts, pass } = printing();
    const root = start('root', 0);
    const [one, other] = [start('one', 1, root), start('other', 1, root)];
    root.end(at(3));
    one.end(at(4));
    pass(500);
    other.end(at(5));
    assert.equal(texts.length, 1);
    pass(500);
    assert.deepEqual(outline(texts[1]), [`${HEAD}.001Z  4.0 ms  2 spans  (late)`, 'one    3.0 ms', 'other  4.0 ms']);
  });

  test('are printed by a flush, which others wait for', async () => {
    const { start, texts, processor, drains } = printing();
    const root = start('root', 0);
    const child = start('child', 1, root);
    start('held', 1, start('open', 0)).end(at(2));
    root.end(at(3));
    child.end(at(4));
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    assert.match(texts[1], /\(late\)\nchild /);
    assert.equal(texts.length, 2);
    assert.equal(drains(), 1);
  });

  test('are printed at once where there are no timers', () => {
    const { start, texts } = printing('pretty', false);
    const root = start('root', 0);
    const child = start('child', 1, root);
    root.end(at(3));
    child.end(at(4));
    assert.match(texts[1], /\(late\)\nchild /);
  });
});

describe('a root that does not end', () => {
  test('has what ended below it printed after ten seconds, and is shown above it', () => {
    const { start, texts, pass } = printing();
    const root = start('session', 0);
    start('turn', 1, root).end(at(2));
    pass(9_900);
    assert.equal(texts.length, 0);
    pass(1_200);
    assert.deepEqual(outline(texts[0]), [
      `${HEAD}.000Z  2.0 ms  2 spans  (partial)`,
      'session    open',
      '└─ turn  1.0 ms',
    ]);
  });

  test('has what ends then printed as late, and itself when it ends', () => {
    const { start, texts, pass } = printing();
    const root = start('session', 0);
    start('first', 1, root).end(at(2));
    pass(11_000);
    start('second', 3, root).end(at(4));
    pass(1_000);
    assert.match(texts[1], /1 span {2}\(late\)\nsecond /);
    root.end(at(20_000));
    assert.match(texts[2], /1 span {2}\(late\)\nsession /);
    assert.equal(texts.length, 3);
  });

  test('lets go of the oldest spans when there are too many traces of the kind', async () => {
    const { start, texts, processor } = printing();
    for (let trace = 0; trace < 1_002; trace++) start('child', 1, start('root', 0)).end(at(2));
    assert.equal(texts.length, 2);
    assert.match(texts[0], new RegExp(`^${HEAD}.000Z .* \\(partial\\)\n`));
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1_000, dropped: 0 });
  });

  test('lets go of its spans when there are too many of them', () => {
    const { start, texts } = printing();
    const root = start('root', 0);
    for (let child = 0; child <= 10_000; child++) start('child', 1, root).end(at(2));
    assert.equal(texts.length, 1);
    assert.match(texts[0], /10,002 spans\s+\(partial\)\n/);
  });
});

describe('a shutdown', () => {
  test('prints what is held, says that it is unfinished, and ends the printing', async () => {
    const { start, texts, processor, pass, drains } = printing();
    const root = start('root', 0);
    start('child', 1, root).end(at(2));
    await processor.shutdown();
    assert.match(texts[0], / 2 spans\s+\(unfinished\)\n/);
    root.end(at(3));
    await processor.shutdown();
    pass(60_000);
    assert.equal(texts.length, 1);
    assert.equal(drains(), 2);
  });
});

describe('more than ten traces a second that look the same', () => {
  test('are a line, with their number, how long half of them and most of them took, and errors', () => {
    const { start, texts, pass } = printing();
    for (let trace = 1; trace <= 110; trace++) {
      const root = start('poll', 0);
      const child = start('read', 0, root);
      if (trace > 107) child.setStatus({ code: 2, message: 'no' });
      child.end(at(1));
      root.end(at(trace - 10));
    }
    assert.equal(texts.length, 10);
    pass(1_000);
    assert.deepEqual(texts.slice(10), ['… 100 more traces like poll (2 spans)  p50 51.0 ms, p95 96.0 ms, 3 errors\n']);
  });

  test('are printed again when the second is over', () => {
    const { start, texts, pass } = printing();
    for (let second = 0; second < 3; second++) {
      for (let trace = 0; trace < 11; trace++) start('poll', 0).end(at(1));
      pass(1_000);
    }
    assert.equal(texts.filter((text) => text.startsWith('trace ')).length, 30);
    assert.equal(
      texts.filter((text) => text === '… 1 more trace like poll (1 span)  p50 1.0 ms, p95 1.0 ms, 0 errors\n').length,
      3,
    );
  });

  test('do not take others along', () => {
    const { start, texts } = printing();
    for (let trace = 0; trace < 50; trace++) start('poll', 0).end(at(1));
    start('turn', 0).end(at(1));
    assert.match(texts.at(-1) as string, /\nturn /);
  });

  test('are told by a flush, and by a shutdown, where no timer has come', async () => {
    const { start, texts, processor } = printing('pretty', false);
    for (let trace = 0; trace < 12; trace++) start('poll', 0).end(at(1));
    await processor.forceFlush();
    assert.match(texts[10], /^… 2 more traces like poll/);
    for (let trace = 0; trace < 13; trace++) start('poll', 0).end(at(1));
    await processor.shutdown();
    assert.match(texts.at(-1) as string, /^… 3 more traces like poll/);
  });

  test('are told as others where they have names of their own, ten thousand a second', () => {
    const { start, texts, pass } = printing();
    for (let trace = 0; trace < 10_000; trace++) start(`poll ${trace}`, 0).end(at(1));
    assert.equal(texts.length, 100);
    pass(1_000);
    const counted = texts.slice(100).map((text) => Number(/^… ([\d,]+) more/.exec(text)?.[1].replace(',', '')));
    assert.equal(
      counted.reduce((sum, count) => sum + count),
      9_900,
    );
    assert.equal(texts.length, 106);
    assert.match(texts.at(-1) as string, /^… [\d,]+ more other traces {2}p50 1\.0 ms, p95 1\.0 ms, 0 errors\n$/);
  });

  test('leave no timer behind', () => {
    const { start, pass, timers } = printing();
    for (let trace = 0; trace < 12; trace++) start('poll', 0).end(at(1));
    assert.equal(timers(), 1);
    pass(2_000);
    assert.equal(timers(), 0);
  });
});

describe('as JSON', () => {
  test('a trace is one line, a request that a collector would take', () => {
    const { start, texts } = printing('json');
    const root = start('root', 0);
    start('child\n\x1b[31m\x9b\u202e\ud83d\ude00', 1, root, { attributes: { text: 'a\nb' } }).end(at(2));
    root.end(at(3));
    assert.equal(texts.length, 1);
    assert.match(texts[0], /^[^\n]+\n$/);
    const spans = flatten(decodeJsonRequest(texts[0]));
    assert.deepEqual(
      spans.map(({ name, parentSpanId, attributes, startTimeUnixNano }) => [
        name,
        parentSpanId,
        attributes,
        startTimeUnixNano,
      ]),
      [
        ['child\n\x1b[31m\x9b\u202e\ud83d\ude00', '0000000000000002', { text: 'a\nb' }, 1_704_067_200_001_000_000n],
        ['root', '', {}, 1_704_067_200_000_000_000n],
      ],
    );
    assert.doesNotMatch(texts[0].trimEnd(), /[\p{Cc}\u202e]/u);
  });

  test('all traces are printed, and what is late at once', () => {
    const { start, texts } = printing('json');
    for (let trace = 0; trace < 200; trace++) {
      const root = start('poll', 0);
      const child = start('child', 0, root);
      root.end(at(1));
      child.end(at(2));
    }
    assert.equal(texts.length, 400);
  });
});

test('a span that cannot be printed does not take the others with it', () => {
  const { start, texts, errors } = printing();
  const root = start('root', 0);
  const broken = start('broken', 1, root);
  Object.defineProperty(broken, 'events', {
    get() {
      throw new Error('no events');
    },
  });
  broken.end(at(2));
  start('child', 1, root).end(at(2));
  root.end(at(3));
  assert.deepEqual(errors, [new Error('no events')]);
  assert.match(texts.join(''), /\nchild [\s\S]*\nroot /);
});
