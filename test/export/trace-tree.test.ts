import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReadableSpan, Span } from '../../src/core/span.ts';
import { ownTime, type TraceNode, traceTree } from '../../src/export/trace-tree.ts';
import { at, printing } from './printed-trace.ts';

test('spans stand before those below them, in the order of their starts', () => {
  const { start, ended } = printing();
  const root = start('pipeline', 0);
  const later = start('llm', 20, root);
  const earlier = start('stt', 5, root);
  start('resample', 7, earlier).end(at(8));
  start('decode', 6, earlier).end(at(7));
  earlier.end(at(15));
  later.end(at(20.000_001));
  root.end(at(30));
  const { nodes, length } = traceTree(ended, []);
  assert.equal(length, 30e6);
  assert.deepEqual(shapeOf(nodes), [
    'pipeline 0-30000000',
    'stt 5000000-15000000 below pipeline',
    'decode 6000000-7000000 below stt',
    'resample 7000000-8000000 below stt',
    'llm 20000000-20000001 below pipeline',
  ]);
});

test('a span that is open reaches to the end of what is known, an event of its own for one', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('child', 1, root).end(at(2));
  root.addEvent('seen', at(3));
  const { nodes } = traceTree(ended, [root as Span & ReadableSpan]);
  assert.deepEqual(shapeOf(nodes), ['root 0-3000000', 'child 1000000-2000000 below root']);
  assert.deepEqual(
    nodes.map(({ isOpen }) => isOpen),
    [true, false],
  );
});

test('spans whose parent is not there stand at the top', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('b', 2, root).end(at(3));
  start('a', 1, root).end(at(2));
  assert.deepEqual(shapeOf(traceTree(ended, []).nodes), ['a 0-1000000', 'b 1000000-2000000']);
});

describe('by a generator that is broken', () => {
  function renamed(span: Span, spanId: string): Span {
    const context = { ...span.spanContext(), spanId };
    Object.defineProperty(span, 'spanContext', { value: () => context });
    return span;
  }

  test('spans with the same id are there once each', () => {
    const { start, ended } = printing();
    const root = start('root', 0);
    renamed(start('child', 1, root), root.spanContext().spanId).end(at(2));
    root.end(at(3));
    assert.deepEqual(shapeOf(traceTree(ended, []).nodes), ['root 0-3000000', 'child 1000000-2000000 below root']);
  });

  test('so are spans that are below themselves', () => {
    const { start, ended } = printing();
    const root = start('root', 0);
    const [own, one, other] = [start('own', 1, root), start('one', 2, root), start('other', 3, root)];
    renamed(own, root.spanContext().spanId).end(at(4));
    const child = start('child', 3, own);
    child.end(at(4));
    one.end(at(4));
    other.end(at(4));
    assert.deepEqual(
      shapeOf(traceTree(ended, []).nodes).map((text) => text.split(' ')[0]),
      ['own', 'one', 'other', 'child'],
    );
  });
});

test('a chain of thousands of spans is gone through', () => {
  const { start, ended } = printing();
  const chain = [start('span 0', 0)];
  for (let depth = 1; depth < 9_000; depth++) chain.push(start(`span ${depth}`, depth, chain[depth - 1]));
  for (const span of chain.reverse()) span.end(at(10_000));
  const { nodes } = traceTree(ended, []);
  assert.equal(nodes.length, 9_000);
  assert.equal(nodes[8_999].parent?.span.name, 'span 8998');
});

test('what a span took by itself is what is left of it by those below it, however they overlap', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('one', 10, root).end(at(30));
  start('within', 15, root).end(at(20));
  start('across', 25, root).end(at(40));
  start('apart', 50, root).end(at(60));
  start('beyond', 90, root).end(at(120));
  root.end(at(100));
  assert.equal(ownTime(traceTree(ended, []).nodes[0]), 50e6);
});

function shapeOf(nodes: readonly TraceNode[]): string[] {
  return nodes.map(
    ({ span, start, end, parent }) =>
      `${span.name} ${start}-${end}${parent === undefined ? '' : ` below ${parent.span.name}`}`,
  );
}
