import type { AttributeList, Attributes } from './attributes.ts';
import type { HrTime } from './clock.ts';

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string;
  /** Unix time. */
  readonly time: HrTime;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

/** An event as a span keeps it until it is encoded. */
export interface StoredEvent {
  readonly name: string;
  /** A reading of the monotonic clock, in milliseconds … */
  readonly reading: number;
  /** … unless the caller gave the time. */
  readonly given: HrTime | undefined;
  readonly attributes: AttributeList | undefined;
}
