import { numberOptions } from './options.ts';

/**
 * How much one span may carry. What is beyond is dropped and counted on the span.
 *
 * Specification: OpenTelemetry Trace SDK, "Span Limits"; OpenTelemetry common, "Attribute Limits".
 */
export interface SpanLimits {
  /** Attributes a span. Default: 128. */
  attributeCountLimit: number;
  /** UTF-16 code units of a string value, bytes of a binary one; the rest is cut off. Default: no limit. */
  attributeValueLengthLimit: number;
  /** Events a span. Default: 128. */
  eventCountLimit: number;
  /** Links a span. Default: 128. */
  linkCountLimit: number;
  /** Attributes an event. Default: 128. */
  attributePerEventCountLimit: number;
  /** Attributes a link. Default: 128. */
  attributePerLinkCountLimit: number;
}

export const DEFAULT_SPAN_LIMITS: Readonly<SpanLimits> = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Number.POSITIVE_INFINITY,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};

/** The defaults with `given` on top; throws a `RangeError` for what is not a number of 0 or more. */
export function spanLimits(given: Partial<SpanLimits> | undefined): SpanLimits {
  return numberOptions<SpanLimits>(DEFAULT_SPAN_LIMITS, given, 'spanLimits.', 0);
}
