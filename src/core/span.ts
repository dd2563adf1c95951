import { AttributeList, type Attributes, type AttributeValue } from './attributes.ts';
import { compareHrTime, type HrTime, hrDuration, hrTimeOf, hrTimeOfInput, now, type TimeInput } from './clock.ts';
import { ROOT_CONTEXT, setSpan } from './context.ts';
import { callbackMissing, report } from './diagnostic.ts';
import type { SpanEvent, StoredEvent } from './event.ts';
import { describeException } from './exception.ts';
import { hexOfWord } from './id.ts';
import type { SpanKind } from './kind.ts';
import type { Link, StoredLink } from './link.ts';
import type { LocalTrace } from './local-trace.ts';
import { processState } from './process-state.ts';
import type { Resource } from './resource.ts';
import { INVALID_SPAN_CONTEXT, isSpanContextValid, type SpanContext } from './span-context.ts';
import { type SpanSource, spanContextOf } from './span-source.ts';
import { type SpanStatus, SpanStatusCode } from './status.ts';
import type { InstrumentationScope, SpanTracer } from './tracer.ts';

/** A link as a caller gives it: attributes are optional, the span may be named in any way. */
export type LinkInput = { context: SpanSource; attributes?: Attributes } | SpanSource;

/**
 * One operation of a trace. No method throws; all but `spanContext` do nothing once the span has ended.
 *
 * Specification: OpenTelemetry Trace API, "Span"; the shape is that of `@opentelemetry/api`, and `run` and
 * `Symbol.dispose` are ours.
 */
export interface Span {
  /** What identifies the span; the same object every time. */
  spanContext(): SpanContext;
  /** Sets one attribute; the last value of a key wins. `null` and `undefined` set nothing. */
  setAttribute(key: string, value: AttributeValue | null | undefined): this;
  /** Sets several attributes. */
  setAttributes(attributes: Attributes): this;
  /** Adds an event, now or at `startTime`. Beyond the limit the oldest event goes. */
  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput, startTime?: TimeInput): this;
  /** Adds a link to another span. */
  addLink(link: LinkInput): this;
  /** Adds several links. */
  addLinks(links: readonly LinkInput[]): this;
  /** Sets the status. `OK` is final; `UNSET` changes nothing. */
  setStatus(status: SpanStatus): this;
  /** Replaces the name. */
  updateName(name: string): this;
  /** Ends the span, now or at `endTime`; never before its start. */
  end(endTime?: TimeInput): void;
  /** False for a span whose data goes nowhere, and after the end. */
  isRecording(): boolean;
  /** Adds an `exception` event with type, message, stack and the stacks of its causes. Sets no status. */
  recordException(exception: unknown, time?: TimeInput): void;
  /** Calls `callback` with this span active and returns its result. The span goes on afterwards. */
  run<T>(callback: () => T): T;
  /** Ends the span at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** What is asked of a span to write to it; that of any library will do. */
export interface WritableSpan {
  isRecording(): boolean;
  setAttributes(attributes: Attributes): unknown;
  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput): unknown;
  setStatus(status: SpanStatus): unknown;
}

/** A span that has ended, as processors and exporters read it. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  spanContext(): SpanContext;
  /** Bits of `TraceFlags`, as in the span context. */
  readonly flags: number;
  readonly parentSpanContext: SpanContext | undefined;
  /** Unix time. */
  readonly startTime: HrTime;
  /** Unix time; not before `startTime`. That of the start while the span has not ended. */
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly events: SpanEvent[];
  readonly links: Link[];
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  /** True where the parent is not a recording span of this process: the top of what is seen here of a trace. */
  readonly isLocalRoot: boolean;
}

/** Where the parent of a span is. */
export const ParentOrigin = {
  NONE: 0,
  /** A recording span of this package. */
  LOCAL: 1,
  /** Another process. */
  REMOTE: 2,
  /** This process, but not recorded, or recorded by another library. */
  UNRECORDED: 3,
} as const;
export type ParentOrigin = (typeof ParentOrigin)[keyof typeof ParentOrigin];

/** What few spans have, apart, so that the others stay small. */
interface Extras {
  links: StoredLink[];
  droppedLinks: number;
  droppedEvents: number;
  startTime: HrTime | undefined;
  endTime: HrTime | undefined;
}

// Older browsers lack the symbol; `using` as compilers write it out looks it up under the same name.
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

/**
 * A span that is recorded. Ids are 32-bit words and times readings of the monotonic clock: hexadecimal digits
 * and Unix time are made for those who ask. The encoder reads the fields, everybody else the interfaces.
 */
export class RecordingSpan implements Span, ReadableSpan {
  readonly tracer: SpanTracer;
  readonly trace: LocalTrace;
  name: string;
  readonly kind: SpanKind;
  readonly flags: number;
  readonly idHigh: number;
  readonly idLow: number;
  readonly parentHigh: number;
  readonly parentLow: number;
  readonly parentOrigin: ParentOrigin;
  readonly startReading: number;
  endReading: number;
  ended: boolean;
  attributeList: AttributeList | undefined;
  eventList: StoredEvent[] | undefined;
  statusCode: SpanStatusCode;
  statusMessage: string | undefined;
  extras: Extras | undefined;
  private context: SpanContext | undefined;

  constructor(
    tracer: SpanTracer,
    trace: LocalTrace,
    name: string,
    kind: SpanKind,
    flags: number,
    idHigh: number,
    idLow: number,
    parentHigh: number,
    parentLow: number,
    parentOrigin: ParentOrigin,
    startReading: number,
  ) {
    this.tracer = tracer;
    this.trace = trace;
    this.name = name;
    this.kind = kind;
    this.flags = flags;
    this.idHigh = idHigh;
    this.idLow = idLow;
    this.parentHigh = parentHigh;
    this.parentLow = parentLow;
    this.parentOrigin = parentOrigin;
    this.startReading = startReading;
    this.endReading = startReading;
    this.ended = false;
    this.attributeList = undefined;
    this.eventList = undefined;
    this.statusCode = SpanStatusCode.UNSET;
    this.statusMessage = undefined;
    this.extras = undefined;
    this.context = undefined;
  }

  spanContext(): SpanContext {
    if (this.context === undefined) {
      const context: SpanContext = {
        traceId: this.trace.traceId,
        spanId: hexOfWord(this.idHigh) + hexOfWord(this.idLow),
        traceFlags: this.flags,
      };
      if (this.trace.traceState !== undefined) context.traceState = this.trace.traceState;
      this.context = context;
    }
    return this.context;
  }

  setAttribute(key: string, value: AttributeValue | null | undefined): this {
    if (this.ended) return this.refuse('setAttribute');
    const { limits } = this.tracer;
    this.attributeList ??= new AttributeList();
    this.attributeList.set(key, value, limits.attributeCountLimit, limits.attributeValueLengthLimit);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.ended) return this.refuse('setAttributes');
    const { limits } = this.tracer;
    this.attributeList ??= new AttributeList();
    this.attributeList.setAll(attributes, limits.attributeCountLimit, limits.attributeValueLengthLimit);
    return this;
  }

  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput, startTime?: TimeInput): this {
    if (this.ended) return this.refuse('addEvent');
    const { limits } = this.tracer;
    let attributes: AttributeList | undefined;
    let time = startTime;
    if (isTime(attributesOrStartTime)) {
      time ??= attributesOrStartTime;
    } else if (attributesOrStartTime !== undefined && attributesOrStartTime !== null) {
      attributes = new AttributeList();
      attributes.setAll(attributesOrStartTime, limits.attributePerEventCountLimit, limits.attributeValueLengthLimit);
    }
    this.eventList ??= [];
    if (this.eventList.length >= limits.eventCountLimit) {
      if (this.extend().droppedEvents++ === 0) {
        report(
          'event_limit',
          `events beyond the limit of ${limits.eventCountLimit} are dropped: raise it in spanLimits`,
        );
      }
      if (limits.eventCountLimit === 0) return this;
      this.eventList.shift();
    }
    this.eventList.push({
      name: typeof name === 'string' ? name : nameOf(name),
      reading: now(),
      given: time === undefined ? undefined : this.timeOf(time),
      attributes,
    });
    return this;
  }

  addLink(link: LinkInput): this {
    if (this.ended) return this.refuse('addLink');
    const { limits } = this.tracer;
    const extras = this.extend();
    if (extras.links.length >= limits.linkCountLimit) {
      if (extras.droppedLinks++ === 0) {
        report('link_limit', `links beyond the limit of ${limits.linkCountLimit} are dropped: raise it in spanLimits`);
      }
      return this;
    }
    try {
      const { context, attributes: given, droppedAttributesCount } = detailedLink(link);
      // A copy: what is read later may have changed by then, or throw.
      const found = spanContextOf(context);
      const { traceId, spanId } = isSpanContextValid(found) ? found : INVALID_SPAN_CONTEXT;
      const { traceFlags, traceState, isRemote } = found;
      let attributes: AttributeList | undefined;
      if (given !== undefined && given !== null) {
        attributes = new AttributeList();
        attributes.setAll(given, limits.attributePerLinkCountLimit, limits.attributeValueLengthLimit);
      }
      extras.links.push({
        context: { traceId, spanId, traceFlags: traceFlags & 0xff, traceState, isRemote: isRemote === true },
        attributes,
        droppedAttributesCount:
          (attributes?.dropped ?? 0) +
          (Number.isSafeInteger(droppedAttributesCount) ? Math.max(droppedAttributesCount as number, 0) : 0),
      });
    } catch {
      extras.droppedLinks++;
      report('link_refused', 'a link that cannot be read is left out');
    }
    return this;
  }

  addLinks(links: readonly LinkInput[]): this {
    try {
      if (!Array.isArray(links)) throw new TypeError('links are an array');
      for (let at = 0; at < links.length && !this.ended; at++) {
        const { extras } = this;
        this.addLink(links[at]);
        if (extras === undefined || extras.links.length < this.tracer.limits.linkCountLimit) continue;
        // The rest is counted and not gone through: there may be any number of them.
        extras.droppedLinks += links.length - at - 1;
        break;
      }
    } catch {
      report('link_refused', 'links that cannot be read are left out');
    }
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.ended) return this.refuse('setStatus');
    if (this.statusCode === SpanStatusCode.OK) return this;
    try {
      const { code, message } = status;
      if (code !== SpanStatusCode.OK && code !== SpanStatusCode.ERROR) return this;
      this.statusCode = code;
      this.statusMessage = code === SpanStatusCode.ERROR && typeof message === 'string' ? message : undefined;
    } catch {
      // A status that cannot be read is none.
    }
    return this;
  }

  updateName(name: string): this {
    if (this.ended) return this.refuse('updateName');
    this.name = typeof name === 'string' ? name : nameOf(name);
    return this;
  }

  end(endTime?: TimeInput): void {
    if (this.ended) {
      this.refuse('end');
      return;
    }
    const reading = now();
    if (reading > this.startReading) this.endReading = reading;
    if (endTime !== undefined || this.extras?.startTime !== undefined) this.fixEndTime(endTime);
    this.ended = true;
    this.tracer.provider.onEnd(this);
  }

  isRecording(): boolean {
    return !this.ended;
  }

  recordException(exception: unknown, time?: TimeInput): void {
    this.addEvent('exception', describeException(exception) as Attributes, time);
  }

  run<T>(callback: () => T): T {
    if (typeof callback !== 'function') return callbackMissing() as T;
    const { contextStorage } = processState;
    const context = contextStorage.getStore() ?? ROOT_CONTEXT;
    return contextStorage.run(setSpan(context, this), callback);
  }

  /** Takes the start from the caller instead of the clock. */
  startAt(time: TimeInput): void {
    this.extend().startTime = this.timeOf(time);
  }

  /** A given end stands unless it lies before the start, and so does the clock's after a given start. */
  private fixEndTime(endTime: TimeInput | undefined): void {
    const extras = this.extend();
    const end = (endTime === undefined ? undefined : this.timeOf(endTime)) ?? hrTimeOf(this.anchor, this.endReading);
    const start = this.startTime;
    extras.endTime = compareHrTime(end, start) < 0 ? start : end;
  }

  private timeOf(time: TimeInput): HrTime | undefined {
    let given: HrTime | undefined;
    try {
      given = hrTimeOfInput(time, this.anchor);
    } catch {
      // A time that cannot be read is one that was not given.
    }
    if (given === undefined)
      report('time_refused', 'a time that is no Date, number or [seconds, nanoseconds] is replaced by the current one');
    return given;
  }

  private extend(): Extras {
    this.extras ??= { links: [], droppedLinks: 0, droppedEvents: 0, startTime: undefined, endTime: undefined };
    return this.extras;
  }

  private refuse(method: string): this {
    report('span_ended', `${method}() on the span "${this.name.slice(0, 100)}" came after its end and does nothing`);
    return this;
  }

  // What follows is the span as processors and exporters read it, made when they ask.

  get anchor() {
    // A recording span's trace always has one: the local root set it.
    return this.trace.anchor as NonNullable<LocalTrace['anchor']>;
  }

  get startTime(): HrTime {
    return this.extras?.startTime ?? hrTimeOf(this.anchor, this.startReading);
  }

  get endTime(): HrTime {
    if (!this.ended) return this.startTime;
    return this.extras?.endTime ?? hrTimeOf(this.anchor, this.endReading);
  }

  get duration(): HrTime {
    return hrDuration(this.startTime, this.endTime);
  }

  get status(): SpanStatus {
    const code = this.statusCode;
    return this.statusMessage === undefined ? { code } : { code, message: this.statusMessage };
  }

  get parentSpanContext(): SpanContext | undefined {
    if (this.parentOrigin === ParentOrigin.NONE) return undefined;
    return {
      traceId: this.trace.traceId,
      spanId: hexOfWord(this.parentHigh) + hexOfWord(this.parentLow),
      traceFlags: this.flags,
      isRemote: this.parentOrigin === ParentOrigin.REMOTE,
    };
  }

  get attributes(): Attributes {
    return this.attributeList?.toObject() ?? {};
  }

  get events(): SpanEvent[] {
    return (this.eventList ?? []).map(({ name, reading, given, attributes }) => ({
      name,
      time: given ?? hrTimeOf(this.anchor, reading),
      attributes: attributes?.toObject() ?? {},
      droppedAttributesCount: attributes?.dropped ?? 0,
    }));
  }

  get links(): Link[] {
    return (this.extras?.links ?? []).map(({ context, attributes, droppedAttributesCount }) => ({
      context,
      attributes: attributes?.toObject() ?? {},
      droppedAttributesCount,
    }));
  }

  get resource(): Resource {
    return this.tracer.provider.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.tracer.scope;
  }

  get droppedAttributesCount(): number {
    return this.attributeList?.dropped ?? 0;
  }

  get droppedEventsCount(): number {
    return this.extras?.droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this.extras?.droppedLinks ?? 0;
  }

  get isLocalRoot(): boolean {
    return this.parentOrigin !== ParentOrigin.LOCAL;
  }

  [DISPOSE](): void {
    if (!this.ended) this.end();
  }
}

function isTime(value: unknown): value is TimeInput {
  if (typeof value !== 'object' || value === null) return typeof value === 'number';
  try {
    return Array.isArray(value) || typeof (value as Date).getTime === 'function';
  } catch {
    return false;
  }
}

/** A link with its parts named. A span is its own name, though it has attributes, too. */
export function detailedLink(link: LinkInput): Omit<Link, 'context'> & { context: SpanSource } {
  return 'context' in link && !('spanContext' in link) ? link : { context: link as SpanSource };
}

/** The text of a name that is not a string. */
export function nameOf(name: unknown): string {
  try {
    return String(name);
  } catch {
    return '';
  }
}
