import { numberOptions } from './options.ts';

/**
 * How much one span may carry. What is beyond is dropped and counted on the span.
 *
 * Specification: OpenTelemetry Trace SDK, "Span Limits"; OpenTelemetry common, "Attribute Limits".
 */
export interface SpanLimits {
  /** Most attributes of a span. Environment: `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128. */
  attributeCountLimit: number;
  /**
   * Most UTF-16 code units of a string value, and bytes of a binary one; the rest is cut off. Environment:
   * `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`. Default: no limit.
   */
  attributeValueLengthLimit: number;
  /** Most events of a span; the oldest go first. Environment: `OTEL_SPAN_EVENT_COUNT_LIMIT`. Default: 128. */
  eventCountLimit: number;
  /** Most links of a span; the first are kept. Environment: `OTEL_SPAN_LINK_COUNT_LIMIT`. Default: 128. */
  linkCountLimit: number;
  /** Most attributes of an event. Environment: `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128. */
  attributePerEventCountLimit: number;
  /** Most attributes of a link. Environment: `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128. */
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

/** How many attributes a list may hold, and how long their values may be. */
export interface ListLimits {
  readonly _count: number;
  readonly _length: number;
}

/** The limits by what they are asked for. */
export interface LimitsByUse {
  readonly _ofSpan: ListLimits;
  readonly _ofEvent: ListLimits;
  readonly _ofLink: ListLimits;
  readonly _events: number;
  readonly _links: number;
}

/** {@link spanLimits}, by what they are asked for. */
export function limitsByUse(given: Partial<SpanLimits> | undefined): LimitsByUse {
  const limits = spanLimits(given);
  const listLimits = (count: number): ListLimits => ({
    _count: Math.floor(count),
    _length: limits.attributeValueLengthLimit,
  });
  return {
    _ofSpan: listLimits(limits.attributeCountLimit),
    _ofEvent: listLimits(limits.attributePerEventCountLimit),
    _ofLink: listLimits(limits.attributePerLinkCountLimit),
    _events: Math.floor(limits.eventCountLimit),
    _links: Math.floor(limits.linkCountLimit),
  };
}
