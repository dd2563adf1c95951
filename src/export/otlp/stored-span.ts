import { type AttributeList, droppedOf } from '../../core/attributes.ts';
import { DEFAULT_SPAN_LIMITS } from '../../core/limits.ts';
import { HAS_IS_REMOTE, IS_REMOTE, spanOf, W3C_FLAGS } from '../../core/non-recording-span.ts';
import { TracerProvider } from '../../core/provider.ts';
import { type Handed, type ReadableSpan, RecordingSpan } from '../../core/span.ts';
import { INVALID_SPAN_CONTEXT } from '../../core/span-context.ts';
import type { SpanTracer } from '../../core/tracer.ts';

// Of spans of other SDKs, by resource: a provider for each span would be a scope of its own in the request.
const providers = /* @__PURE__ */ new WeakMap<object, TracerProvider>();
// Their SDK has limits of its own.
const UNLIMITED = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ Object.keys(DEFAULT_SPAN_LIMITS).map((name) => [name, Number.POSITIVE_INFINITY]),
);

/**
 * Returns an ended span that stores what `span` says of itself. Usually that is `span`, and processors may have changed
 * it since it ended. A wrapper or a copy of a span, or a span of another SDK, is rebuilt.
 *
 * @throws TypeError for what is not a span.
 */
export function storedSpan(span: ReadableSpan): RecordingSpan {
  const { _self, _extras } = span as RecordingSpan;
  if (_self !== span) return rebuiltSpan(span);
  if (_extras?._handed !== undefined) {
    const handed = _extras._handed;
    _extras._handed = undefined;
    store(_self, handed);
  }
  return _self;
}

/** Puts `given` in the place of what the span stores. */
function store(span: RecordingSpan, { attributes, events, links, status }: Handed): void {
  const { _end, _attributes } = span;
  // Open again, to be written to.
  span._end = undefined;
  try {
    if (attributes) {
      span._attributes = undefined;
      addDropped(span.setAttributes(attributes)._attributes, droppedOf(_attributes));
    }
    if (events) {
      span._events = undefined;
      // Throws if a processor has put something else in the place of the events.
      for (const { name, attributes = {}, time, droppedAttributesCount } of events) {
        addDropped(span.addEvent(name, attributes, time)._events?.at(-1)?._attributes, droppedAttributesCount);
      }
    }
    if (links) {
      span._extend()._links.length = 0;
      span.addLinks(links);
    }
    if (status) {
      span._status = undefined;
      span.setStatus(status);
    }
  } finally {
    span._end = _end;
  }
}

/** Adds the number of attributes that had been dropped before. */
function addDropped(list: AttributeList = [], before = 0): void {
  list._dropped = droppedOf(list) + before;
}

function rebuiltSpan(span: ReadableSpan): RecordingSpan {
  const own = spanOf(span.spanContext());
  const parent = spanOf(span.parentSpanContext ?? INVALID_SPAN_CONTEXT);
  const rebuilt = new RecordingSpan(
    own._word0,
    own._word1,
    own._word2,
    own._word3,
    own._idHigh,
    own._idLow,
    (own._flags & W3C_FLAGS) | HAS_IS_REMOTE | (parent._flags & IS_REMOTE),
    own._traceState,
    (span as Partial<RecordingSpan>)._tracer ?? tracerOf(span),
    parent._idHigh,
    parent._idLow,
    undefined,
    // The times of a readable span are Unix time.
    { _high: 0, _low: 0 },
    span.kind,
    span.name,
    0,
  );
  rebuilt._start = rebuilt._timeOf(span.startTime);
  const extras = rebuilt._extend();
  extras._droppedEvents = span.droppedEventsCount;
  extras._droppedLinks = span.droppedLinksCount;
  store(rebuilt, span);
  addDropped(rebuilt._attributes, span.droppedAttributesCount);
  rebuilt._end = rebuilt._timeOf(span.endTime);
  return rebuilt;
}

function tracerOf({ resource, instrumentationScope: { name, version, schemaUrl } }: ReadableSpan): SpanTracer {
  let provider = providers.get(resource);
  if (provider === undefined) {
    provider = new TracerProvider({ resource, spanLimits: UNLIMITED });
    providers.set(resource, provider);
  }
  return provider.getTracer(name, version, { schemaUrl }) as SpanTracer;
}
