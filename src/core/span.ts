import {
  type AttributeList,
  type Attributes,
  type AttributeValue,
  attributesOf,
  droppedOf,
  setAttribute,
  setAttributes,
} from './attributes.ts';
import {
  type Anchor,
  type HrTime,
  hrTimeOf,
  nanosOfInput,
  now,
  type Time,
  type TimeInput,
  unixNanos,
} from './clock.ts';
import { report } from './diagnostic.ts';
import type { SpanEvent, StoredEvent } from './event.ts';
import { describeException } from './exception.ts';
import { hexOf } from './id.ts';
import type { SpanKind } from './kind.ts';
import { detailedLink, type Link, type LinkInput, type StoredLink } from './link.ts';
import { IS_REMOTE, NonRecordingSpan, spanOf, W3C_FLAGS } from './non-recording-span.ts';
import type { Resource } from './resource.ts';
import { type SpanContext, type TraceState, textOfTraceState } from './span-context.ts';
import { spanContextOf } from './span-source.ts';
import { ERROR, OK, type SpanStatus, UNSET } from './status.ts';
import { textOf } from './text.ts';
import type { InstrumentationScope, SpanTracer } from './tracer.ts';

/** The methods that a span has in `@opentelemetry/api`, too. */
export interface ApiSpan {
  /** Returns what identifies the span, the same object every time. */
  spanContext(): SpanContext;
  /** Sets one attribute. The last value of a key wins. `null` and `undefined` set nothing. */
  setAttribute(key: string, value: AttributeValue | null | undefined): this;
  /** Sets several attributes. */
  setAttributes(attributes: Attributes): this;
  /** Adds an event, now or at `startTime`. Beyond the limit, the oldest event is dropped. */
  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput, startTime?: TimeInput): this;
  /** Adds a link to another span. */
  addLink(link: LinkInput): this;
  /** Adds several links. */
  addLinks(links: readonly LinkInput[]): this;
  /** Sets the status. `OK` is final; `UNSET` changes nothing. */
  setStatus(status: SpanStatus): this;
  /** Replaces the name. */
  updateName(name: string): this;
  /** Ends the span, now or at `endTime`, but never before its start. */
  end(endTime?: TimeInput): void;
  /** Returns false for a span whose data goes nowhere, and after the end. */
  isRecording(): boolean;
  /** Adds an `exception` event with type, message, stack and the stacks of its causes. Does not set the status. */
  recordException(exception: unknown, time?: TimeInput): void;
}

/**
 * One operation of a trace. No method throws, except that `run` passes on what its callback throws. Methods that change
 * the span do nothing once it has ended.
 *
 * Specification: OpenTelemetry Trace API, "Span". The shape is that of `@opentelemetry/api`, plus `run` and
 * `Symbol.dispose`.
 */
export interface Span extends ApiSpan {
  /**
   * Calls `callback` with this span active and returns its result. Does not end the span. An async generator that the
   * callback returns runs later, in the context of whoever reads it; `withSpan` and the helpers keep the span active
   * in it.
   */
  run<T>(callback: () => T): T;
  /** Ends the span at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** The part of a span that is needed to write to it. Spans of any library have it. */
export interface WritableSpan {
  /** Returns false if what you write goes nowhere. */
  isRecording(): boolean;
  /** Sets several attributes. */
  setAttributes(attributes: Attributes): unknown;
  /** Adds an event, now or at a given time. */
  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput): unknown;
  /** Sets the status, which says whether the operation succeeded. */
  setStatus(status: SpanStatus): unknown;
}

/**
 * A span that has ended, as processors and exporters read it. What a processor changes in its status, attributes, events
 * and links is what the processors after it export. The members that are optional are missing on spans of other SDKs.
 */
export interface ReadableSpan {
  /** The name of the operation. */
  readonly name: string;
  /** The role of the span in its trace. */
  readonly kind: SpanKind;
  /** Returns what identifies the span, the same object every time. */
  spanContext(): SpanContext;
  /** Bits of `TraceFlags`, as in the span context. */
  readonly flags?: number;
  /**
   * The span context of the parent: its ids, and whether it is remote. Flags and trace state are those of this span,
   * which are usually the parent's. `undefined` for the root of a trace.
   */
  readonly parentSpanContext?: SpanContext;
  /** The start, in Unix time. */
  readonly startTime: HrTime;
  /** The end, in Unix time; not before `startTime`. Equals `startTime` until the span has ended. */
  readonly endTime: HrTime;
  /** The time from start to end, as seconds and nanoseconds. */
  readonly duration: HrTime;
  /** False until the span has ended. */
  readonly ended: boolean;
  /** Whether the operation succeeded. */
  readonly status: SpanStatus;
  /** Attributes by key, each with its last value. */
  readonly attributes: Attributes;
  /** Events in the order in which they were added. */
  readonly events: SpanEvent[];
  /** Links in the order in which they were added. */
  readonly links: Link[];
  /** What produced the span. */
  readonly resource: Resource;
  /** The library or module whose tracer started the span. */
  readonly instrumentationScope: InstrumentationScope;
  /** Number of attributes refused or beyond the limit. */
  readonly droppedAttributesCount: number;
  /** Number of events beyond the limit. */
  readonly droppedEventsCount: number;
  /** Number of links refused or beyond the limit. */
  readonly droppedLinksCount: number;
  /** True if no recording span of this process is the parent: the top of what is seen here of the trace. */
  readonly isLocalRoot?: boolean;
}

/** A span that has started and not ended, as processors get it. */
export interface StartedSpan extends ApiSpan, ReadableSpan {}

/** The part of an ended span that processors may change. */
export type Handed = { -readonly [name in 'status' | 'attributes' | 'events' | 'links']?: ReadableSpan[name] };

/** What few spans have, kept apart so that the others stay small. */
interface Extras {
  readonly _links: StoredLink[];
  _droppedLinks: number;
  _droppedEvents: number;
  /** What processors have been handed since the span ended, and may have changed; `undefined` if nothing. */
  _handed: Handed | undefined;
}

/**
 * A span that is recorded. Ids are 32-bit words, and times are readings of the monotonic clock. Hexadecimal digits and
 * Unix time are computed on demand. The encoder reads the fields, everybody else the interfaces.
 */
export class RecordingSpan extends NonRecordingSpan implements Span, ReadableSpan {
  readonly _tracer: SpanTracer;
  // Both zero if there is no parent.
  readonly _parentHigh: number;
  readonly _parentLow: number;
  /** The local root: the top of what this process records of the trace. All spans below it share its clock. */
  readonly _root: RecordingSpan;
  readonly _anchor: Anchor;
  readonly kind: SpanKind;
  name: string;
  _start: Time;
  /** `undefined` until the span has ended. */
  _end: Time | undefined;
  _attributes: AttributeList | undefined;
  _events: StoredEvent[] | undefined;
  /** `undefined` for `UNSET`. */
  _status: SpanStatus | undefined;
  _extras: Extras | undefined;
  /** The span itself. A wrapper of a span inherits this field without being equal to it. */
  readonly _self: RecordingSpan;
  /** The span's place among the open spans; -1 if it has none. */
  _place: number;

  constructor(
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    idHigh: number,
    idLow: number,
    flags: number,
    traceState: TraceState | undefined,
    tracer: SpanTracer,
    parentHigh: number,
    parentLow: number,
    root: RecordingSpan | undefined,
    anchor: Anchor,
    kind: SpanKind,
    name: string,
    start: number,
  ) {
    super(word0, word1, word2, word3, idHigh, idLow, flags, traceState, undefined);
    this._tracer = tracer;
    this._parentHigh = parentHigh;
    this._parentLow = parentLow;
    this._root = root ?? this;
    this._anchor = anchor;
    this.kind = kind;
    this.name = name;
    this._start = start;
    this._end = undefined;
    this._attributes = undefined;
    this._events = undefined;
    this._status = undefined;
    this._extras = undefined;
    this._self = this;
    this._place = -1;
  }

  override isRecording(): boolean {
    return this._end === undefined;
  }

  override setAttribute(key: string, value: AttributeValue | null | undefined): this {
    if (this._isOpen('setAttribute')) {
      this._attributes ??= [];
      setAttribute(this._attributes, key, value, this._tracer._limits._ofSpan);
    }
    return this;
  }

  override setAttributes(attributes: Attributes): this {
    if (this._isOpen('setAttributes')) {
      this._attributes = setAttributes(this._attributes, attributes, this._tracer._limits._ofSpan);
    }
    return this;
  }

  override addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput, startTime?: TimeInput): this {
    if (this._isOpen('addEvent')) {
      const { _ofEvent, _events } = this._tracer._limits;
      let attributes: AttributeList | undefined;
      let time = startTime;
      if (isTime(attributesOrStartTime)) time ??= attributesOrStartTime;
      else if (attributesOrStartTime) attributes = setAttributes(undefined, attributesOrStartTime, _ofEvent);
      const event: StoredEvent = {
        _name: textOf(name),
        _time: time === undefined ? now() : this._timeOf(time),
        _attributes: attributes,
      };
      if (this._events === undefined) this._events = [event];
      else this._events.push(event);
      if (this._events.length > _events) {
        this._events.shift();
        if (this._extend()._droppedEvents++ === 0) report('event_limit', textOf(_events));
      }
    }
    return this;
  }

  override addLink(link: LinkInput): this {
    if (this._isOpen('addLink')) {
      const { _ofLink, _links } = this._tracer._limits;
      const extras = this._extend();
      try {
        if (extras._links.length >= _links) {
          if (extras._droppedLinks++ === 0) report('link_limit', textOf(_links));
          return this;
        }
        const { context, attributes, droppedAttributesCount: lost } = detailedLink(link);
        const _span = spanOf(spanContextOf(context));
        const _attributes = setAttributes(undefined, attributes, _ofLink);
        if (Number.isSafeInteger(lost)) _attributes._dropped = droppedOf(_attributes) + Math.max(lost as number, 0);
        extras._links.push({ _span, _traceState: textOfTraceState(_span._traceState), _attributes });
      } catch {
        extras._droppedLinks++;
        report('link_refused', '');
      }
    }
    return this;
  }

  override addLinks(links: readonly LinkInput[]): this {
    if (this._isOpen('addLinks')) {
      try {
        if (!Array.isArray(links)) throw new TypeError();
        const { _links } = this._tracer._limits;
        for (let at = 0; at < links.length && at <= _links; at++) this.addLink(links[at]);
        // Count the links beyond the limit instead of visiting them: there may be any number.
        this._extend()._droppedLinks += Math.max(links.length - _links - 1, 0) || 0;
      } catch {
        report('link_refused', '');
      }
    }
    return this;
  }

  override setStatus(status: SpanStatus): this {
    if (this._isOpen('setStatus')) {
      try {
        const { code, message } = status;
        if (this._status?.code !== OK && (code === OK || code === ERROR)) {
          this._status = code === ERROR && typeof message === 'string' ? { code, message } : { code };
        }
      } catch {
        // Ignore a status that cannot be read.
      }
    }
    return this;
  }

  override updateName(name: string): this {
    if (this._isOpen('updateName')) this.name = textOf(name);
    return this;
  }

  override recordException(exception: unknown, time?: TimeInput): void {
    this.addEvent('exception', describeException(exception), time);
  }

  override end(endTime?: TimeInput): void {
    if (!this._isOpen('end')) return;
    const { _start, _anchor } = this;
    const { _provider } = this._tracer;
    const end = endTime === undefined ? now() : this._timeOf(endTime);
    // Reading the given time may have ended the span.
    if (endTime !== undefined && this._end !== undefined) return;
    // A browser's clock may stand still, or go back a little.
    const isBackwards =
      typeof end === 'number' && typeof _start === 'number'
        ? end < _start
        : unixNanos(_anchor, end) < unixNanos(_anchor, _start);
    if (_provider._enders.length > 0 && !_provider._tellOfEnding(this)) return;
    this._end = isBackwards ? _start : end;
    _provider._onEnd(this);
  }

  /** Returns the time that a caller gave, or the current time if that is invalid. */
  _timeOf(time: TimeInput): Time {
    try {
      return nanosOfInput(time, this._anchor);
    } catch {
      report('time_refused', '');
      return now();
    }
  }

  _extend(): Extras {
    this._extras ??= { _links: [], _droppedLinks: 0, _droppedEvents: 0, _handed: undefined };
    return this._extras;
  }

  /** Returns false after the end, and reports that `method` was called then. */
  private _isOpen(method: string): boolean {
    return this._end === undefined || this._hasEnded(method);
  }

  // Separate, so that the check is short enough for V8 to inline into every method: 3 % of a span with five attributes
  // (Node 20).
  private _hasEnded(method: string): false {
    // A signal ends open spans and shuts the provider down. Work that is still going on does nothing wrong.
    if (!this._tracer._provider._isShutDown)
      report('span_ended', `${method}() on ${JSON.stringify(textOf(this.name).slice(0, 100))}`);
    return false;
  }

  // From here on: the span as processors and exporters read it, computed on demand.

  get flags(): number {
    return this._flags & W3C_FLAGS;
  }

  get ended(): boolean {
    return this._end !== undefined;
  }

  get startTime(): HrTime {
    return this._hrTime(this._start);
  }

  get endTime(): HrTime {
    return this._hrTime(this._end ?? this._start);
  }

  get duration(): HrTime {
    return hrTimeOf(unixNanos(this._anchor, this._end ?? this._start) - unixNanos(this._anchor, this._start));
  }

  private _hrTime(time: Time): HrTime {
    return hrTimeOf(unixNanos(this._anchor, time));
  }

  /** What processors have been handed, and may have changed. While the span is open, each gets copies of its own. */
  private get _handed(): Handed {
    if (this._end === undefined) return {};
    const extras = this._extend();
    extras._handed ??= {};
    return extras._handed;
  }

  get status(): SpanStatus {
    const { _handed } = this;
    _handed.status ??= { code: UNSET, ...this._status };
    return _handed.status;
  }

  set status(status: SpanStatus) {
    this._handed.status = status;
  }

  get parentSpanContext(): SpanContext | undefined {
    const { _parentHigh, _parentLow } = this;
    if ((_parentHigh | _parentLow) === 0) return undefined;
    return {
      ...this.spanContext(),
      spanId: hexOf(_parentHigh, _parentLow),
      isRemote: (this._flags & IS_REMOTE) !== 0,
    };
  }

  get attributes(): Attributes {
    const { _handed } = this;
    _handed.attributes ??= attributesOf(this._attributes);
    return _handed.attributes;
  }

  set attributes(attributes: Attributes) {
    this._handed.attributes = attributes;
  }

  get events(): SpanEvent[] {
    const { _handed } = this;
    _handed.events ??= (this._events ?? []).map(({ _name, _time, _attributes }) => ({
      name: _name,
      time: this._hrTime(_time),
      attributes: attributesOf(_attributes),
      droppedAttributesCount: droppedOf(_attributes),
    }));
    return _handed.events;
  }

  set events(events: SpanEvent[]) {
    this._handed.events = events;
  }

  get links(): Link[] {
    const { _handed } = this;
    _handed.links ??= (this._extras?._links ?? []).map(({ _span, _attributes }) => ({
      context: { ..._span.spanContext(), isRemote: (_span._flags & IS_REMOTE) !== 0 },
      attributes: attributesOf(_attributes),
      droppedAttributesCount: droppedOf(_attributes),
    }));
    return _handed.links;
  }

  set links(links: Link[]) {
    this._handed.links = links;
  }

  get resource(): Resource {
    return this._tracer._provider._resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this._tracer._scope;
  }

  get droppedAttributesCount(): number {
    return droppedOf(this._attributes);
  }

  get droppedEventsCount(): number {
    return this._extras?._droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this._extras?._droppedLinks ?? 0;
  }

  get isLocalRoot(): boolean {
    const { _root } = this;
    return _root._idHigh === this._idHigh && _root._idLow === this._idLow;
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
