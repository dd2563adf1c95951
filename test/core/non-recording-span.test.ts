import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import { type Context, ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { hexOf } from '../../src/core/id.ts';
import { INVALID_SPAN, nonRecordingSpan, passOn } from '../../src/core/non-recording-span.ts';
import { processState } from '../../src/core/process-state.ts';
import { INVALID_SPAN_CONTEXT } from '../../src/core/span-context.ts';
import { Recorder } from './recorder.ts';

const CONTEXT = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

describe('a span that stands for a span context', () => {
  it('has that span context, and records nothing', () => {
    const span: api.Span = nonRecordingSpan(CONTEXT);
    assert.equal(span.spanContext(), CONTEXT);
    assert.equal(span.isRecording(), false);
    assert.equal(
      span.setAttribute('a', 1).setAttributes({}).addEvent('e').setStatus({ code: 2 }).updateName('n'),
      span,
    );
    assert.equal(span.addLink({ context: CONTEXT }).addLinks([]), span);
    span.recordException(new Error('x'));
    span.end();
  });

  it('is the invalid span if the span context is invalid', () => {
    for (const context of [
      INVALID_SPAN_CONTEXT,
      { ...CONTEXT, traceId: 'x' },
      { ...CONTEXT, spanId: '' },
      undefined,
      null,
    ]) {
      const span = nonRecordingSpan(context as never);
      assert.equal(
        hexOf(span._word0, span._word1, span._word2, span._word3, span._idHigh, span._idLow),
        '0'.repeat(48),
      );
      assert.equal(span.isRecording(), false);
    }
    assert.equal(INVALID_SPAN.spanContext(), INVALID_SPAN_CONTEXT);
  });

  it('is active in its run callback', () => {
    const span = nonRecordingSpan(CONTEXT);
    const key = Symbol('key');
    const active = processState.contextStorage.run(ROOT_CONTEXT.setValue(key, 'kept'), () =>
      span.run(() => processState.contextStorage.getStore() as Context),
    );
    assert.equal(spanIn(active), span);
    assert.equal(active.getValue(key), 'kept');
  });

  it('works with using', () => {
    using span = nonRecordingSpan(CONTEXT);
    assert.equal(typeof span[Symbol.dispose], 'function');
  });
});

describe('passing on a trace', () => {
  it('uses the parent itself if it is not recording, and otherwise a span in its place', () => {
    const remote = nonRecordingSpan(CONTEXT);
    assert.equal(passOn(remote), remote);
    assert.equal(passOn(undefined), INVALID_SPAN);
    const recording = new Recorder().start('s');
    for (const parent of [recording, api.trace.wrapSpanContext(CONTEXT), CONTEXT, { spanContext: () => CONTEXT }]) {
      const span = passOn(parent);
      assert.notEqual(span, parent);
      assert.equal(span.isRecording(), false);
      span.end();
      const { traceId, spanId } = 'traceId' in parent ? parent : parent.spanContext();
      assert.deepEqual([span.spanContext().traceId, span.spanContext().spanId], [traceId, spanId]);
    }
    assert.ok(recording.isRecording());
    for (const nobody of [null, 5, {}, { spanContext: () => undefined }]) {
      assert.deepEqual(passOn(nobody).spanContext(), INVALID_SPAN_CONTEXT);
    }
  });
});
