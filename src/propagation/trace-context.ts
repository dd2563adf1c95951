import { type Context, isTracingSuppressed, setSpan, spanIn } from '../core/context.ts';
import { nonRecordingSpan } from '../core/non-recording-span.ts';
import { isSpanContextValid, type SpanContext, textOfTraceState } from '../core/span-context.ts';
import { headerIn, trimOws } from './header.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from './propagator.ts';
import { W3CTraceState } from './trace-state.ts';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

// Version 00 is exactly these four fields. All that a higher one promises is a dash before whatever follows them, ff is
// none, ids are not all zero, and a comma joins several values, of which none is more to be believed than another.
const FIELDS = /^(?!ff|00.{53}-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[^,]*)?$/;

// Bits without a meaning yet must be zero when sent on (section 3.2.2.5.3).
// SAMPLED and RANDOM as a number: what is computed while the module loads stays in every bundle.
const KNOWN_FLAGS = 0x03;

/**
 * Carries the span context in the fields `traceparent` and `tracestate`. No method throws.
 *
 * Specification: W3C Trace Context, level 2, section 3.
 */
export class W3CTraceContextPropagator implements TextMapPropagator {
  /**
   * Writes `traceparent`, and `tracestate` if there is one. Nothing where the context has no valid span context or
   * tracing is suppressed in it. Default setter: that of plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      const spanContext = spanIn(context)?.spanContext();
      if (!spanContext || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return;
      const { traceId, spanId, traceFlags, traceState } = spanContext;
      setter.set(carrier, TRACEPARENT, `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`);
      // Of another library's nothing is known, line breaks in it included.
      const state = traceState instanceof W3CTraceState ? traceState : new W3CTraceState(textOfTraceState(traceState));
      const members = state.serialize();
      if (members) setter.set(carrier, TRACESTATE, members);
    } catch {
      // A setter or a span of another library that throws ends the trace here, not the request.
    }
  }

  /**
   * A context with the span of the carrier as its span; the given one where `traceparent` is missing, is there more
   * than once or is invalid. Default getter: that of plain objects, `Headers` and `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    const [, traceId, spanId, flags] = FIELDS.exec(trimOws(headerIn(carrier, TRACEPARENT, getter))) ?? [];
    if (traceId === undefined) return context;
    const traceFlags = Number.parseInt(flags, 16) & KNOWN_FLAGS;
    const spanContext: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
    const traceState = new W3CTraceState(headerIn(carrier, TRACESTATE, getter));
    if (traceState.serialize() !== '') spanContext.traceState = traceState;
    return setSpan(context, nonRecordingSpan(spanContext));
  }

  /** `traceparent` and `tracestate`. */
  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}
