/**
 * Vendor-specific key-value pairs that travel with a trace, in order.
 *
 * Specification: W3C Trace Context, level 2, section 3.3.
 */
export interface TraceState {
  /** Returns a new trace state with `key` set to `value` and moved to the front. */
  set(key: string, value: string): TraceState;
  /** Returns a new trace state without `key`. */
  unset(key: string): TraceState;
  /** Returns the value of `key`, or `undefined`. */
  get(key: string): string | undefined;
  /** Returns the value of the `tracestate` header. */
  serialize(): string;
}

/**
 * The ids and flags that identify a span and cross processes with it.
 *
 * Specification: OpenTelemetry Trace API, "SpanContext".
 */
export interface SpanContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  spanId: string;
  /** True if the context came from another process. */
  isRemote?: boolean;
  /** Bits of {@link TraceFlags}. */
  traceFlags: number;
  /** Data that vendors have added on the way. Default: none. */
  traceState?: TraceState;
}

/** Bits of the trace flags (W3C Trace Context, level 2, section 3.2.2.5). */
export const TraceFlags = {
  /** No bit is set: not sampled. */
  NONE: 0x00,
  /** The caller may have recorded trace data. */
  SAMPLED: 0x01,
  /** At least the right-most 7 bytes of the trace id are random. */
  RANDOM: 0x02,
} as const;

/** The context of a span that was never started: all ids are zero. */
export const INVALID_SPAN_CONTEXT: SpanContext = /* @__PURE__ */ Object.freeze({
  traceId: '00000000000000000000000000000000',
  spanId: '0000000000000000',
  traceFlags: 0,
});

const ID = /^(?!0+$)[0-9a-f]+$/;

/**
 * Returns true for 8 lower-case hexadecimal digits per word that are not all zero: 4 words for a trace, 2 for a span.
 */
export function isValidId(id: unknown, words: 2 | 4): id is string {
  return typeof id === 'string' && id.length === 8 * words && ID.test(id);
}

/** Returns true if both ids are valid. Never throws. */
export function isSpanContextValid(context: SpanContext): boolean {
  try {
    return isValidId(context.traceId, 4) && isValidId(context.spanId, 2);
  } catch {
    return false;
  }
}

/** Returns the `tracestate` of any library's trace state, or `''` if it gives none. Never throws. */
export function textOfTraceState(traceState: TraceState | undefined): string {
  try {
    const text: unknown = traceState?.serialize();
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}
