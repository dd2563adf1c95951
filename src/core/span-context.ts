/**
 * Vendor-specific key-value pairs that travel with a trace, in order.
 *
 * Specification: W3C Trace Context, level 2, section 3.3.
 */
export interface TraceState {
  /** A new trace state with `key` moved to the front with this value. */
  set(key: string, value: string): TraceState;
  /** A new trace state without `key`. */
  unset(key: string): TraceState;
  /** The value of `key`, or `undefined`. */
  get(key: string): string | undefined;
  /** The value of the `tracestate` header. */
  serialize(): string;
}

/**
 * What identifies a span and crosses processes with it.
 *
 * Specification: OpenTelemetry Trace API, "SpanContext".
 */
export interface SpanContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  spanId: string;
  /** True where the context came from another process. */
  isRemote?: boolean;
  /** Bits of {@link TraceFlags}. */
  traceFlags: number;
  /** What vendors have added on the way. Default: nothing. */
  traceState?: TraceState;
}

/** Bits of a trace's flags (W3C Trace Context, level 2, section 3.2.2.5). */
export const TraceFlags = {
  /** No bit is set: not sampled. */
  NONE: 0x00,
  /** The caller may have recorded trace data. */
  SAMPLED: 0x01,
  /** At least the right-most 7 bytes of the trace id are random. */
  RANDOM: 0x02,
} as const;

/** The context of a span that was never started: all zero. */
export const INVALID_SPAN_CONTEXT: SpanContext = /* @__PURE__ */ Object.freeze({
  traceId: '00000000000000000000000000000000',
  spanId: '0000000000000000',
  traceFlags: 0,
});

const ID = /^(?!0+$)[0-9a-f]+$/;

/** True for so many words of lower-case hexadecimal digits that are not all zero: four for a trace, two for a span. */
export function isValidId(id: unknown, words: 2 | 4): id is string {
  return typeof id === 'string' && id.length === 8 * words && ID.test(id);
}

/** True where both ids are valid. Never throws. */
export function isSpanContextValid(context: SpanContext): boolean {
  try {
    return isValidId(context.traceId, 4) && isValidId(context.spanId, 2);
  } catch {
    return false;
  }
}

/** The `tracestate` of a trace state of any origin; `''` where it has none to give. Never throws. */
export function textOfTraceState(traceState: TraceState | undefined): string {
  try {
    const text: unknown = traceState?.serialize();
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}
