import { type Context, spanIn } from './context.ts';
import { INVALID_SPAN_CONTEXT, type SpanContext } from './span-context.ts';

/**
 * Anything that names a span: a span (of any library), a span context, or a context with a span in it. Only
 * these methods are asked for, never a class.
 */
export type SpanSource =
  | {
      /** What identifies the span. */
      spanContext(): SpanContext;
    }
  | SpanContext
  | Context;

/** The span context that `source` names; the invalid one where it names none. Never throws. */
export function spanContextOf(source: unknown): SpanContext {
  try {
    const named = isContext(source) ? spanIn(source) : source;
    if (typeof named === 'object' && named !== null) {
      const { spanContext } = named as { spanContext?: unknown };
      const found = typeof spanContext === 'function' ? (named as { spanContext(): SpanContext }).spanContext() : named;
      // Read once here, so that a getter that throws does so where it is caught.
      const { traceId, spanId } = found as SpanContext;
      if (typeof traceId === 'string' && typeof spanId === 'string') return found as SpanContext;
    }
  } catch {
    // Falls through: a source that cannot be read names no span.
  }
  return INVALID_SPAN_CONTEXT;
}

/** True for a `Context` of this package or of `@opentelemetry/api`. */
export function isContext(value: unknown): value is Context {
  try {
    return typeof (value as Context | null | undefined)?.getValue === 'function';
  } catch {
    return false;
  }
}
