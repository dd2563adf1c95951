/** What part a span plays in a trace. The values are those of `@opentelemetry/api`. */
export const SpanKind = {
  /** Within the application. */
  INTERNAL: 0,
  /** The answer to a request from elsewhere. */
  SERVER: 1,
  /** A request to elsewhere that is waited for. */
  CLIENT: 2,
  /** Something that is put where others take it, later. */
  PRODUCER: 3,
  /** Something that was taken from there. */
  CONSUMER: 4,
} as const;
/** One of the values of {@link SpanKind}. */
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];
