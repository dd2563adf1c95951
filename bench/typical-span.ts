import assert from 'node:assert/strict';
import type { ReadSpan } from './read-span.ts';
import type { SpanStarter } from './subject.ts';

/** Makes the span that most cases measure: 5 attributes and 1 event. */
export function typicalSpan(tracer: SpanStarter): void {
  const span = tracer.startSpan('llm.request', {
    attributes: {
      'llm.provider': 'gemini',
      'llm.model': 'gemini-2.0-flash-exp',
      'session.id': 'session-4711',
      'audio.sample_rate': 16_000,
      streaming: true,
    },
  });
  span.addEvent('first_token', { 'token.index': 0 });
  span.end();
}

/** Asserts that each of `spans` is such a span, however its attributes were set. */
export function checkTypicalSpans(spans: readonly ReadSpan[]): void {
  for (const { name, attributes, events, parentSpanId, endTimeUnixNano, startTimeUnixNano } of spans) {
    assert.equal(name, 'llm.request');
    assert.equal(parentSpanId, '');
    assert.deepEqual(attributes, {
      'llm.provider': 'gemini',
      'llm.model': 'gemini-2.0-flash-exp',
      'session.id': 'session-4711',
      'audio.sample_rate': 16_000n,
      streaming: true,
    });
    if (events !== undefined) {
      assert.deepEqual(
        events.map((event) => [event.name, event.attributes]),
        [['first_token', { 'token.index': 0n }]],
      );
    }
    assert.ok(endTimeUnixNano >= startTimeUnixNano && startTimeUnixNano > 0n);
  }
}
