import type { DecodedSpan, PlainAttributes } from '../test/oracle/otlp.ts';

/** The parts of a span that the checks compare, whatever the protocol. */
export interface ReadSpan
  extends Pick<DecodedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'startTimeUnixNano' | 'endTimeUnixNano'> {
  readonly attributes: PlainAttributes;
  /** `undefined` if the protocol has no events. */
  readonly events: readonly { readonly name: string; readonly attributes: PlainAttributes }[] | undefined;
}

/** Converts attributes from JSON or the like, which do not tell integers from doubles, to those of OTLP. */
export function plainAttributesOf(attributes: Readonly<Record<string, unknown>>): PlainAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => {
      if (typeof value === 'number') return [key, Number.isInteger(value) ? BigInt(value) : value];
      if (typeof value === 'string' || typeof value === 'boolean') return [key, value];
      throw new Error(`${key} is ${JSON.stringify(value)}`);
    }),
  );
}
