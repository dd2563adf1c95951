import { type Context, spanIn } from './context.ts';
import { INVALID_SPAN_CONTEXT, type SpanContext } from './span-context.ts';

/**
 * Anything that names a span: a span (of any library), a span context, or a context that holds a span. Recognized by
 * structure, never by class.
 */
export type SpanSource =
  | {
      /** Returns what identifies the span. */
      spanContext(): SpanContext;
    }
  | SpanContext
  | Context;

/** Returns the span context that `source` names, or the invalid one if it names none. Never throws. */
export function spanContextOf(source: unknown): SpanContext {
  try {
    const named = isContext(source) ? spanIn(source) : source;
    if (typeof named === 'object' && named !== null) {
      const { spanContext } = named as { spanContext?: unknown };
      const found = typeof spanContext === 'function' ? (named as { spanContext(): SpanContext }).spanContext() : named;
      // Read these here, so that a getter that throws does so inside the `try`.
      const { traceId, spanId } = found as SpanContext;
      if (typeof traceId === 'string' && typeof spanId === 'string') return found as SpanContext;
    }
  } catch {
    // Fall through: a source that cannot be read names no span.
  }
  return INVALID_SPAN_CONTEXT;
}

/** Returns true for a `Context` of this package or of `@opentelemetry/api`. */
export function isContext(value: unknown): value is Context {
  try {
    return typeof (value as Context | null | undefined)?.getValue === 'function';
  } catch {
    return false;
  }
}
