import { processState } from '../core/process-state.ts';
import type { Span } from '../core/span.ts';

/** Stores the span of an event under the first argument of its handler. */
export function keepSpan(subject: unknown, span: Span): void {
  if (Object(subject) !== subject) return;
  processState.eventSpans ??= new WeakMap();
  processState.eventSpans.set(subject as object, span);
}

/**
 * Returns the span of an event, given the first argument of its handler: the `Request`, the request of `node:http`, the
 * controller of `scheduled`, the batch of `queue`. Use it to name a parent on runtimes without `AsyncLocalStorage`, and
 * to set attributes on the span anywhere. For a WebSocket, it is the span of the latest message.
 *
 * @returns `undefined` if the event is not traced.
 */
export function spanOf(subject: object): Span | undefined {
  return processState.eventSpans?.get(subject) as Span | undefined;
}
