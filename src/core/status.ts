/** Whether the operation of a span succeeded. The values are those of OTLP and `@opentelemetry/api`. */
export const SpanStatusCode = {
  /** Not set, which counts as success. */
  UNSET: 0,
  /** Marked as a success; final. */
  OK: 1,
  /** The operation failed. */
  ERROR: 2,
} as const;
/** One of the values of {@link SpanStatusCode}. */
export type SpanStatusCode = (typeof SpanStatusCode)[keyof typeof SpanStatusCode];

/**
 * The status of a span. `OK` is final. A message is kept only with `ERROR`.
 *
 * Specification: OpenTelemetry Trace API, "Set Status".
 */
export interface SpanStatus {
  /** Whether the operation succeeded. */
  code: SpanStatusCode;
  /** What went wrong, in words. Default: none. */
  message?: string;
}

// The same values as numbers that bundlers can inline.
export const UNSET = 0;
export const OK = 1;
export const ERROR = 2;
