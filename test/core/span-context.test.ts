import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as api from '@opentelemetry/api';
import { SpanKind } from '../../src/core/kind.ts';
import {
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  isValidId,
  type SpanContext,
  TraceFlags,
  textOfTraceState,
} from '../../src/core/span-context.ts';
import { SpanStatusCode } from '../../src/core/status.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a span context', () => {
  it('is valid if both ids are lower-case hexadecimal digits and not all zero', () => {
    assert.ok(isSpanContextValid({ traceId: TRACE, spanId: SPAN, traceFlags: 0 }));
    const traceIds: unknown[] = [
      INVALID_SPAN_CONTEXT.traceId,
      TRACE.toUpperCase(),
      TRACE.slice(1),
      `${TRACE}\n`,
      '',
      5,
      null,
      [TRACE],
    ];
    for (const traceId of traceIds) {
      assert.equal(isValidId(traceId, 4), false);
      assert.equal(isSpanContextValid({ traceId, spanId: SPAN, traceFlags: 0 } as SpanContext), false);
    }
    for (const spanId of [
      INVALID_SPAN_CONTEXT.spanId,
      SPAN.toUpperCase(),
      SPAN.slice(1),
      `${SPAN}\n`,
      undefined,
      [SPAN],
    ]) {
      assert.equal(isValidId(spanId, 2), false);
      assert.equal(isSpanContextValid({ traceId: TRACE, spanId, traceFlags: 0 } as SpanContext), false);
    }
    for (const none of [undefined, null, {}, 5, 'context']) assert.equal(isSpanContextValid(none as never), false);
  });

  it('that is invalid is all zero and immutable', () => {
    assert.deepEqual(INVALID_SPAN_CONTEXT, api.INVALID_SPAN_CONTEXT);
    assert.ok(Object.isFrozen(INVALID_SPAN_CONTEXT));
  });

  it('has the names and values of @opentelemetry/api and of the W3C', () => {
    assert.deepEqual({ ...TraceFlags }, { NONE: 0, SAMPLED: api.TraceFlags.SAMPLED, RANDOM: 2 });
    for (const [name, kind] of Object.entries(SpanKind)) assert.equal(api.SpanKind[kind], name);
    for (const [name, code] of Object.entries(SpanStatusCode)) assert.equal(api.SpanStatusCode[code], name);
    assert.equal(Object.keys(SpanKind).length, 5);
    assert.equal(Object.keys(SpanStatusCode).length, 3);
  });
});

describe('a trace state', () => {
  it('is a string, wherever it comes from', () => {
    assert.equal(textOfTraceState(new W3CTraceState('a=1,b=2')), 'a=1,b=2');
    assert.equal(textOfTraceState(api.createTraceState('a=1')), 'a=1');
  });

  it('is none if it cannot be serialized', () => {
    const hostile = [undefined, null, 'a=1', {}, { serialize: () => 5 }, { serialize: () => assert.fail('no text') }];
    for (const none of hostile) assert.equal(textOfTraceState(none as never), '');
  });
});
