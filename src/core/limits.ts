import { numberOptions } from './options.ts';

/**
 * Limits on what one span may hold. Attributes, events and links beyond them are dropped and counted.
 *
 * Specification: OpenTelemetry Trace SDK, "Span Limits"; OpenTelemetry common, "Attribute Limits".
 */
export interface SpanLimits {
  /**
   * Maximum number of attributes of a span. Environment: `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`,
   * `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128.
   */
  attributeCountLimit: number;
  /**
   * Maximum length of a string value in UTF-16 code units, and of a binary value in bytes. The rest is cut off.
   * Environment: `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`. Default: no limit.
   */
  attributeValueLengthLimit: number;
  /**
   * Maximum number of events of a span. The oldest are dropped first. Environment: `OTEL_SPAN_EVENT_COUNT_LIMIT`.
   * Default: 128.
   */
  eventCountLimit: number;
  /** Maximum number of links of a span. The first are kept. Environment: `OTEL_SPAN_LINK_COUNT_LIMIT`. Default: 128. */
  linkCountLimit: number;
  /**
   * Maximum number of attributes of an event. Environment: `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`,
   * `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128.
   */
  attributePerEventCountLimit: number;
  /**
   * Maximum number of attributes of a link. Environment: `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`,
   * `OTEL_ATTRIBUTE_COUNT_LIMIT`. Default: 128.
   */
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

/**
 * Returns the defaults, overridden by `given`. Throws a `RangeError` for an unknown name, and for a value that is not a
 * number of 0 or more.
 */
export function spanLimits(given: Partial<SpanLimits> | undefined): SpanLimits {
  return numberOptions<SpanLimits>(DEFAULT_SPAN_LIMITS, given, 'spanLimits.', 0);
}

/** How many attributes a list may hold, and how long their values may be. */
export interface ListLimits {
  readonly _count: number;
  readonly _length: number;
}

/** The limits, grouped by what they apply to. */
export interface LimitsByUse {
  readonly _ofSpan: ListLimits;
  readonly _ofEvent: ListLimits;
  readonly _ofLink: ListLimits;
  readonly _events: number;
  readonly _links: number;
}

/** Returns {@link spanLimits}, grouped by what they apply to. */
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
