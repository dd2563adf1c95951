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

// Version 00 has exactly these four fields. A higher version promises only a dash before whatever follows them, and ff
// is not a version. Ids are not all zero. A comma joins several values, none of which is more credible than another.
const FIELDS = /^(?!ff|00.{53}-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[^,]*)?$/;

// Bits that have no meaning yet must be sent as zero (section 3.2.2.5.3).
// SAMPLED and RANDOM as a literal, because what is computed while the module loads stays in every bundle.
const KNOWN_FLAGS = 0x03;

/**
 * Propagates the span context in the fields `traceparent` and `tracestate`. No method throws.
 *
 * Specification: W3C Trace Context, level 2, section 3.
 */
export class W3CTraceContextPropagator implements TextMapPropagator {
  /**
   * Writes `traceparent`, and `tracestate` if there is one. Writes nothing if the context has no valid span context, or
   * if tracing is suppressed in it. Default setter: the one for plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      const spanContext = spanIn(context)?.spanContext();
      if (!spanContext || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return;
      const { traceId, spanId, traceFlags, traceState } = spanContext;
      setter.set(carrier, TRACEPARENT, `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`);
      // A trace state of another library may contain anything, even line breaks.
      const state = traceState instanceof W3CTraceState ? traceState : new W3CTraceState(textOfTraceState(traceState));
      const members = state.serialize();
      if (members) setter.set(carrier, TRACESTATE, members);
    } catch {
      // If a setter, or a span of another library, throws, the trace ends here but the request does not.
    }
  }

  /**
   * Returns a context with the span of the carrier; the given context if `traceparent` is missing, occurs more than
   * once or is invalid. Default getter: the one for plain objects, `Headers` and `Map`s.
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
