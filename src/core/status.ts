/** Whether the operation of a span succeeded. The values are those of OTLP and `@opentelemetry/api`. */
export const SpanStatusCode = {
  /** Not set; it counts as success. */
  UNSET: 0,
  /** Marked as a success; final. */
  OK: 1,
  /** It failed. */
  ERROR: 2,
} as const;
/** One of the values of {@link SpanStatusCode}. */
export type SpanStatusCode = (typeof SpanStatusCode)[keyof typeof SpanStatusCode];

/**
 * The status of a span. `OK` is final; a message is kept only with `ERROR`.
 *
 * Specification: OpenTelemetry Trace API, "Set Status".
 */
export interface SpanStatus {
  /** Whether it succeeded. */
  code: SpanStatusCode;
  /** What went wrong, for people. Default: none. */
  message?: string;
}

// The same as numbers, which bundlers can put in place.
export const UNSET = 0;
export const OK = 1;
export const ERROR = 2;
