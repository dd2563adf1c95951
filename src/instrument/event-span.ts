import { processState } from '../core/process-state.ts';
import type { Span } from '../core/span.ts';

/** Keeps the span of an event under what the handler was given. */
export function keepSpan(subject: unknown, span: Span): void {
  if (Object(subject) !== subject) return;
  processState.eventSpans ??= new WeakMap();
  processState.eventSpans.set(subject as object, span);
}

/**
 * The span of an event, by the first argument of its handler: the `Request`, the request of `node:http`, the controller of
 * `scheduled`, the batch of `queue`. It is the way to a parent on runtimes without `AsyncLocalStorage`, and to the attributes
 * of the span everywhere. Of a WebSocket it is the span of its last message.
 *
 * @returns `undefined` where the event is not traced.
 */
export function spanOf(subject: object): Span | undefined {
  return processState.eventSpans?.get(subject) as Span | undefined;
}
