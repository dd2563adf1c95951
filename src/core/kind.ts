/** The role of a span in a trace. The values are those of `@opentelemetry/api`. */
export const SpanKind = {
  /** An operation within the application. */
  INTERNAL: 0,
  /** The handling of a request from elsewhere. */
  SERVER: 1,
  /** A request to elsewhere whose answer is awaited. */
  CLIENT: 2,
  /** The creation of a message that a consumer takes later. */
  PRODUCER: 3,
  /** The handling of a message from a producer. */
  CONSUMER: 4,
} as const;
/** One of the values of {@link SpanKind}. */
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];
