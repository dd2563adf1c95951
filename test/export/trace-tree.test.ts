import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadableSpan } from '../../src/core/span.ts';
import { traceTree } from '../../src/export/trace-tree.ts';
import { at, printing } from './printed-trace.ts';

const namesOf = (spans: readonly ReadableSpan[]) =>
  traceTree(spans).rows.map(({ span, depth }) => `${'>'.repeat(depth)}${span.name}`);

test('children are below their parent in order of start, whenever they ended', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  const later = start('later', 20, root);
  const earlier = start('earlier', 5, root);
  start('second', 7, earlier).end(at(8));
  start('first', 6, earlier).end(at(9));
  earlier.end(at(15));
  later.end(at(30));
  root.end(at(40));
  assert.deepEqual(namesOf(ended), ['root', '>earlier', '>>first', '>>second', '>later']);
});

test('times count from the first start, and the total ends with the span that ends last', () => {
  const { start, ended } = printing();
  const root = start('root', 10);
  start('child', 15, root).end(at(50));
  root.end(at(30));
  const { rows, total } = traceTree(ended);
  assert.equal(total, 40);
  assert.deepEqual(
    rows.map((row) => [row.start, row.end]),
    [
      [0, 20],
      [5, 40],
    ],
  );
});

test('the self time of a span is that without children, however these overlap', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('a', 10, root).end(at(30));
  start('b', 20, root).end(at(40));
  start('within b', 25, root).end(at(35));
  start('beyond the end', 90, root).end(at(120));
  root.end(at(100));
  const [{ self }] = traceTree(ended).rows;
  // 10 to 40, and 90 to 100, belong to the children.
  assert.equal(self, 60);
});

test('a child after the end of its parent takes no time from it', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  const short = start('short', 10, root);
  start('afterwards', 80, short).end(at(90));
  short.end(at(20));
  root.end(at(100));
  const selves = Object.fromEntries(traceTree(ended).rows.map(({ span, self }) => [span.name, self]));
  assert.deepEqual(selves, { root: 90, short: 10, afterwards: 10 });
});

test('spans whose parent is missing are at the top', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  const a = start('a', 2, root);
  start('of a', 3, a).end(at(4));
  a.end(at(5));
  start('b', 1, root).end(at(3));
  assert.deepEqual(namesOf(ended), ['b', 'a', '>of a']);
});

test('an open span is above the others, and lasts as long as they do', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('a', 2, root).end(at(5));
  const { rows } = traceTree(ended, [root as unknown as ReadableSpan]);
  assert.deepEqual(
    rows.map(({ span, depth, end, isOpen }) => [span.name, depth, end, isOpen]),
    [
      ['root', 0, 5, true],
      ['a', 1, 5, false],
    ],
  );
});

test('spans with the same id, from a broken generator, are included once each', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  const child = start('child', 1, root);
  Object.defineProperty(child, 'spanContext', { value: () => root.spanContext() });
  child.end(at(2));
  root.end(at(3));
  assert.deepEqual(namesOf(ended), ['root', '>child']);
});

test('spans that are parents of each other are included once each', () => {
  const { start, ended } = printing();
  const [one, other] = [start('one', 0), start('other', 1)];
  Object.defineProperty(one, 'parentSpanContext', { value: other.spanContext() });
  Object.defineProperty(other, 'parentSpanContext', { value: one.spanContext() });
  one.end(at(5));
  other.end(at(4));
  assert.deepEqual(namesOf(ended), ['one', '>other']);
});

test('a chain of thousands of spans is handled, and its lowest levels do not retain the others', () => {
  const { start, ended } = printing();
  const chain = [start('span 0', 0)];
  for (let depth = 1; depth < 9_000; depth++) chain.push(start(`span ${depth}`, depth, chain[depth - 1]));
  for (const span of chain.reverse()) span.end(at(10_000));
  const { rows } = traceTree(ended);
  assert.equal(rows.length, 9_000);
  assert.deepEqual(
    rows.map(({ depth }) => depth),
    rows.map((_, depth) => depth),
  );
  assert.ok(rows[8_999].followed.length <= 65, `${rows[8_999].followed.length} levels`);
});
