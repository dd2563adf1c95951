import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { OpenSpans } from '../../src/core/open-spans.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { RecordingSpan } from '../../src/core/span.ts';

function watched() {
  const provider = new TracerProvider();
  const spans = new OpenSpans();
  provider._openSpans = spans;
  const tracer = provider.getTracer('test');
  return { tracer, spans, names: () => spans.list().map(({ name }) => name) };
}

describe('the spans that are open', () => {
  it('are those that have started and not ended, in whatever order they end', () => {
    const { tracer, spans, names } = watched();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => tracer.startSpan(name));
    assert.deepEqual(names(), ['a', 'b', 'c']);
    b.end();
    a.end();
    assert.deepEqual([names(), spans.ended], [['c'], 2]);
    tracer.startSpan('d');
    tracer.startSpan('e');
    tracer.startSpan('f');
    assert.deepEqual(names().sort(), ['c', 'd', 'e', 'f']);
    c.end();
    c.end();
    assert.deepEqual([names().sort(), spans.ended], [['d', 'e', 'f'], 3]);
  });

  it('are at most 10,000, and spans beyond are counted when they end', () => {
    const { tracer, spans, names } = watched();
    const kept = Array.from({ length: 10_000 }, () => tracer.startSpan('kept'));
    const beyond = tracer.startSpan('beyond');
    assert.deepEqual([names().length, names().includes('beyond')], [10_000, false]);
    beyond.end();
    assert.deepEqual([names().length, spans.ended], [10_000, 1]);
    kept[17].end();
    tracer.startSpan('again');
    assert.deepEqual([names().length, names()[17]], [10_000, 'again']);
  });

  it('below a root are found, unless there are too many to search', () => {
    const { tracer, spans } = watched();
    const [root, other] = [tracer.startSpan('root') as RecordingSpan, tracer.startSpan('other') as RecordingSpan];
    const child = tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root));
    assert.deepEqual([spans._hasBelow(root), spans._hasBelow(other)], [true, false]);
    child.end();
    assert.equal(spans._hasBelow(root), false);
    tracer.startSpan('child', {}, setSpan(ROOT_CONTEXT, root));
    for (let count = 0; count < 1_000; count++) tracer.startSpan('another');
    assert.equal(spans._hasBelow(root), false);
  });

  it('do not hold ended spans in memory', () => {
    const { tracer, spans } = watched();
    for (let count = 0; count < 3; count++) tracer.startSpan('span').end();
    assert.deepEqual([spans.list(), spans.ended], [[], 3]);
  });

  it('are not tracked unless they are asked for', () => {
    assert.equal(new TracerProvider()._openSpans, undefined);
  });
});
