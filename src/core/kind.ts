/** What part a span plays in a trace. The values are those of `@opentelemetry/api`. */
export const SpanKind = {
  INTERNAL: 0,
  SERVER: 1,
  CLIENT: 2,
  PRODUCER: 3,
  CONSUMER: 4,
} as const;
/** One of the values of {@link SpanKind}. */
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];
