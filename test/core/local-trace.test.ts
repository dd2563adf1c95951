import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { randomTrace, traceOfId } from '../../src/core/local-trace.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { isValidTraceId } from '../../src/core/span-context.ts';
import { TraceState } from '../../src/propagation/trace-state.ts';
import { Recorder } from './recorder.ts';

const traceIds = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
  .filter(isValidTraceId);

describe('a trace in this process', () => {
  it('has the id it is made of', () => {
    fc.assert(
      fc.property(traceIds, (id) => {
        const trace = traceOfId(id, undefined);
        assert.equal(trace.traceId, id);
        const words = [trace.word0, trace.word1, trace.word2, trace.word3];
        assert.equal(words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(''), id);
      }),
    );
  });

  it('has a random id otherwise', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => randomTrace().traceId));
    assert.equal(ids.size, 1_000);
    assert.ok([...ids].every(isValidTraceId));
  });

  it('has copies with another trace state and the same clock', () => {
    const trace = randomTrace();
    const recorder = new Recorder();
    trace.anchor = recorder.start('s').anchor;
    const traceState = new TraceState('a=1');
    const copy = trace.copy(traceState);
    assert.equal(copy.traceId, trace.traceId);
    assert.equal(copy.anchor, trace.anchor);
    assert.equal(copy.traceState, traceState);
    assert.equal(trace.traceState, undefined);
  });

  it('is shared by a local root and all that is below it', () => {
    const recorder = new Recorder();
    const root = recorder.start('root');
    const child = recorder.start('child', {}, setSpan(ROOT_CONTEXT, root));
    const grandchild = recorder.start('grandchild', {}, setSpan(ROOT_CONTEXT, child));
    assert.equal(child.trace, root.trace);
    assert.equal(grandchild.trace, root.trace);
  });

  it('is not shared by local roots under one remote parent, which may be used for hours', () => {
    const recorder = new Recorder();
    const remote = nonRecordingSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true });
    const [first, second] = [1, 2].map(() => recorder.start('s', {}, setSpan(ROOT_CONTEXT, remote)));
    assert.notEqual(first.trace, second.trace);
    assert.notEqual(first.trace, remote.trace);
    assert.equal(remote.trace?.anchor, undefined);
    assert.equal(first.spanContext().traceId, second.spanContext().traceId);
  });
});
