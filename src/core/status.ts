/** Whether the operation of a span succeeded. The values are those of OTLP and `@opentelemetry/api`. */
export const SpanStatusCode = {
  UNSET: 0,
  OK: 1,
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
  code: SpanStatusCode;
  message?: string;
}

// The same as numbers, which bundlers can put in place.
export const UNSET = 0;
export const OK = 1;
export const ERROR = 2;
