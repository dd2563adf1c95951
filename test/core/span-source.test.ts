import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { INVALID_SPAN_CONTEXT } from '../../src/core/span-context.ts';
import { isContext, spanContextOf } from '../../src/core/span-source.ts';
import { Recorder } from './recorder.ts';

const CONTEXT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

describe('the span context of a source', () => {
  it('is that of a span, of a context, or the source itself', () => {
    const span = new Recorder().start('s');
    const foreign = api.trace.wrapSpanContext(CONTEXT);
    assert.equal(spanContextOf(span), span.spanContext());
    assert.equal(spanContextOf(nonRecordingSpan(CONTEXT)), CONTEXT);
    assert.equal(spanContextOf(foreign), CONTEXT);
    assert.equal(spanContextOf({ spanContext: () => CONTEXT }), CONTEXT);
    assert.equal(spanContextOf(CONTEXT), CONTEXT);
    assert.equal(spanContextOf(setSpan(ROOT_CONTEXT, span)), span.spanContext());
    assert.equal(spanContextOf(api.trace.setSpan(api.ROOT_CONTEXT, foreign)), CONTEXT);
  });

  it('is the invalid one if the source names no span', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const nobody: unknown[] = [
      undefined,
      null,
      5,
      'span',
      {},
      [],
      ROOT_CONTEXT,
      api.ROOT_CONTEXT,
      { traceId: 5 },
      { spanContext: 5 },
      { spanContext: () => undefined },
      { spanContext: () => null },
      { spanContext: () => assert.fail('no context') },
      { getValue: () => assert.fail('no value') },
      { getValue: () => 'a span' },
      { getValue: () => ({ spanContext: () => undefined }) },
      {
        get traceId() {
          return assert.fail('a getter');
        },
      },
      new Proxy({}, { get: () => assert.fail('a trap') }),
      revoked.proxy,
    ];
    for (const source of nobody) assert.equal(spanContextOf(source), INVALID_SPAN_CONTEXT);
  });
});

describe('a context', () => {
  it('is any object with getValue', () => {
    for (const context of [ROOT_CONTEXT, api.ROOT_CONTEXT, { getValue() {} }]) assert.equal(isContext(context), true);
    for (const other of [undefined, null, 5, {}, new Map(), CONTEXT, { getValue: 5 }])
      assert.equal(isContext(other), false);
  });
});
