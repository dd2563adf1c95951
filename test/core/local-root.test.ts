import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { hexOf } from '../../src/core/id.ts';
import { type NonRecordingSpan, nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { AlwaysOffSampler } from '../../src/core/sampler.ts';
import { isValidId } from '../../src/core/span-context.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';
import { Recorder } from './recorder.ts';

const hexadecimal = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const traceIds = hexadecimal(16).filter((id) => isValidId(id, 4));
const spanIds = hexadecimal(8).filter((id) => isValidId(id, 2));

const traceIdOf = (span: NonRecordingSpan) => hexOf(span._word0, span._word1, span._word2, span._word3);
const spanIdOf = (span: NonRecordingSpan) => hexOf(span._idHigh, span._idLow);

describe('the words of a span', () => {
  it('are those of its ids, and children inherit those of the trace', () => {
    fc.assert(
      fc.property(traceIds, spanIds, (traceId, spanId) => {
        const remote = nonRecordingSpan({ traceId, spanId, traceFlags: 1, isRemote: true });
        assert.deepEqual([traceIdOf(remote), spanIdOf(remote)], [traceId, spanId]);
        for (const sampler of [undefined, new AlwaysOffSampler()]) {
          const span = new Recorder({ sampler }).start('s', {}, setSpan(ROOT_CONTEXT, remote));
          assert.equal(traceIdOf(span), traceId);
          assert.equal(span.spanContext().traceId, traceId);
          assert.equal(span.spanContext().spanId, spanIdOf(span));
          if (sampler === undefined) assert.equal(span.parentSpanContext?.spanId, spanId);
        }
      }),
    );
  });

  it('are random in a new trace', () => {
    const recorder = new Recorder();
    const ids = new Set(Array.from({ length: 1_000 }, () => traceIdOf(recorder.start('s'))));
    assert.equal(ids.size, 1_000);
    assert.ok([...ids].every((id) => isValidId(id, 4)));
  });
});

describe('a local root', () => {
  it('is the root of everything below it, and holds its clock', () => {
    const recorder = new Recorder();
    const root = recorder.start('root');
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, root));
    const grandchild = recorder.start('grandchild', {}, setSpan(ROOT_CONTEXT, child));
    for (const span of [root, child, grandchild]) {
      assert.equal(span._root, root);
      assert.equal(span._anchor, root._anchor);
      assert.equal(span.isLocalRoot, span === root);
    }
  });

  it('is also the root of spans with another trace state', () => {
    const traceState = new W3CTraceState('a=1');
    const recorder = new Recorder({ sampler: { shouldSample: () => ({ decision: 2, traceState }) } });
    const root = recorder.start('root');
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, root));
    assert.equal(child.spanContext().traceState, traceState);
    assert.equal(child._root, root);
    assert.equal(child._anchor, root._anchor);
  });

  it('is every span under one remote parent, each with its own clock, even hours later', (t) => {
    const recorder = new Recorder();
    const remote = nonRecordingSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true });
    const first = recorder.start('s', {}, setSpan(ROOT_CONTEXT, remote));
    // The wall clock is set forward by an hour, and the monotonic one moves enough for the wall clock to be read again.
    const [wall, reading] = [Date.now(), performance.now()];
    t.mock.method(Date, 'now', () => wall + 3_600_000);
    t.mock.method(performance, 'now', () => reading + 10_000);
    const second = recorder.start('s', {}, setSpan(ROOT_CONTEXT, remote));
    for (const span of [first, second]) assert.equal(span._root, span);
    assert.notEqual(first._anchor, second._anchor);
    assert.equal(first.spanContext().traceId, second.spanContext().traceId);
    // Spans below the first one keep its clock.
    assert.equal(recorder.start('s', {}, setSpan(ROOT_CONTEXT, first))._anchor, first._anchor);
  });

  it('is a span whose parent belongs to another provider', () => {
    const [one, other] = [new Recorder(), new Recorder()];
    const parent = one.start('parent');
    const child = other.start('child', {}, setSpan(ROOT_CONTEXT, parent));
    assert.equal(child._root, child);
    assert.ok(child.isLocalRoot);
    assert.equal(child.spanContext().traceId, parent.spanContext().traceId);
  });
});
