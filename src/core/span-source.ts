import { type Context, spanIn } from './context.ts';
import { INVALID_SPAN_CONTEXT, type SpanContext } from './span-context.ts';

/**
 * Anything that names a span: a span (of any library), a span context, or a context with a span in it. Only
 * these methods are asked for, never a class.
 */
export type SpanSource = { spanContext(): SpanContext } | SpanContext | Context;

/** The span context that `source` names; the invalid one where it names none. Never throws. */
export function spanContextOf(source: unknown): SpanContext {
  try {
    if (typeof source === 'object' && source !== null) {
      if (isContext(source)) return spanIn(source)?.spanContext() ?? INVALID_SPAN_CONTEXT;
      const { spanContext } = source as { spanContext?: unknown };
      if (typeof spanContext === 'function')
        return (source as { spanContext(): SpanContext }).spanContext() ?? INVALID_SPAN_CONTEXT;
      if (typeof (source as SpanContext).traceId === 'string') return source as SpanContext;
    }
  } catch {
    // Falls through: a source that cannot be read names no span.
  }
  return INVALID_SPAN_CONTEXT;
}

/** True for a `Context` of this package or of `@opentelemetry/api`. */
export function isContext(value: unknown): value is Context {
  return typeof (value as Context | null | undefined)?.getValue === 'function';
}
