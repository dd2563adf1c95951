import { type Context, setSpan } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';

const KEY = /* @__PURE__ */ Symbol.for('@realtime-ai/trace event span');

/**
 * Stores the span of an event under the first argument of its handler, and returns the context in which the handler
 * runs: that of the caller with the span.
 */
export function contextOfEvent(caller: Context, subject: unknown, span: Span): Context {
  if (Object(subject) === subject) {
    processState.eventSpans ??= new WeakMap();
    processState.eventSpans.set(subject as object, span);
  }
  return setSpan(caller, span).setValue(KEY, span);
}

/** Returns the span of the event to which a context belongs, even if another span is active there. */
export function eventIn(context: Context): Span | undefined {
  return context.getValue(KEY) as Span | undefined;
}

/** Returns true for a span that has not ended. One that is not recorded, such as an unsampled one, never ends. */
export function isOpen(span: Span | undefined): boolean {
  return span !== undefined && read(span, 'ended') !== true;
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
