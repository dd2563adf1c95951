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
  const limits: SpanLimits = { ...DEFAULT_SPAN_LIMITS };
  for (const name of Object.keys(given ?? {}) as (keyof SpanLimits)[]) {
    if (!Object.hasOwn(DEFAULT_SPAN_LIMITS, name)) {
      throw new RangeError(`spanLimits.${name}: there is no such limit; there are ${Object.keys(limits).join(', ')}`);
    }
    const value = given?.[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`spanLimits.${name}: ${String(value)} is not a number of 0 or more`);
    }
    limits[name] = value;
  }
  return limits;
}
