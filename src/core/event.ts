import type { AttributeList, Attributes } from './attributes.ts';
import type { HrTime, Time } from './clock.ts';

/** Something that happened at one moment during a span. Spans of other SDKs may lack the members that are optional. */
export interface SpanEvent {
  /** What happened, such as `llm.first_token`. */
  readonly name: string;
  /** When it happened, in Unix time. */
  readonly time: HrTime;
  /** Attributes of the event. */
  readonly attributes?: Attributes;
  /** Number of attributes refused or beyond a limit. */
  readonly droppedAttributesCount?: number;
}

/** An event as a span stores it until it is encoded. */
export interface StoredEvent {
  readonly _name: string;
  readonly _time: Time;
  readonly _attributes: AttributeList | undefined;
}
