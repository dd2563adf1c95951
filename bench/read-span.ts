import type { DecodedSpan, PlainAttributes } from '../test/oracle/otlp.ts';

/** What the checks look at in a span, whichever protocol it came by. */
export interface ReadSpan
  extends Pick<DecodedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'startTimeUnixNano' | 'endTimeUnixNano'> {
  readonly attributes: PlainAttributes;
  /** None where the protocol has no events. */
  readonly events: readonly { readonly name: string; readonly attributes: PlainAttributes }[] | undefined;
}

/** Attributes out of JSON or the like, in which integers and doubles are one: as OTLP would have them. */
export function plainAttributesOf(attributes: Readonly<Record<string, unknown>>): PlainAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => {
      if (typeof value === 'number') return [key, Number.isInteger(value) ? BigInt(value) : value];
      if (typeof value === 'string' || typeof value === 'boolean') return [key, value];
      throw new Error(`${key} is ${JSON.stringify(value)}`);
    }),
  );
}
