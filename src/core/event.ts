import type { AttributeList, Attributes } from './attributes.ts';
import type { HrTime, Time } from './clock.ts';

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  /** What happened, such as `llm.first_token`. */
  readonly name: string;
  /** Unix time. */
  readonly time: HrTime;
  /** What is said of it. */
  readonly attributes: Attributes;
  /** Attributes that went beyond a limit. */
  readonly droppedAttributesCount: number;
}

/** An event as a span keeps it until it is encoded. */
export interface StoredEvent {
  readonly _name: string;
  readonly _time: Time;
  readonly _attributes: AttributeList | undefined;
}
