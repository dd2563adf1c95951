import { createTraceState } from '@opentelemetry/api';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import type { SpanProcessor } from '../../src/core/processor.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { sdkAttributes } from '../../src/core/resource.ts';
import { SamplingDecision } from '../../src/core/sampler.ts';
import { RecordingSpan } from '../../src/core/span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import type { ResourceDescription, ScopeDescription, SpanDescription } from '../oracle/span-description.ts';

const SAMPLED = 1;
// The last second whose nanoseconds all fit in 64 bits. Later times are refused.
const LARGEST_SECONDS = 18_446_744_072;

/**
 * Adapts descriptions to what this package can express: a root has its own flags instead of a caller's, scopes have no
 * attributes and are the same if they are equal, every resource names the SDK, and time ends with the year 2554.
 */
export function expressible(descriptions: readonly SpanDescription[]): SpanDescription[] {
  const resources = new Map<ResourceDescription, ResourceDescription>();
  const scopes = new Map<string, ScopeDescription>();
  return descriptions.map((description) => {
    const { name, version, schemaUrl } = description.scope;
    const key = JSON.stringify([name, version, schemaUrl]);
    const scope = scopes.get(key) ?? { name, version, schemaUrl };
    scopes.set(key, scope);
    const resource = resources.get(description.resource) ?? {
      ...description.resource,
      attributes: { ...sdkAttributes(), ...description.resource.attributes } as ResourceDescription['attributes'],
    };
    resources.set(description.resource, resource);
    const isRoot = description.parentSpanId === undefined;
    return {
      ...description,
      traceFlags: isRoot ? description.traceFlags & SAMPLED : description.traceFlags,
      startTime: [Math.min(description.startTime[0], LARGEST_SECONDS - 200_000), description.startTime[1]],
      endTime: [Math.min(description.endTime[0], LARGEST_SECONDS), description.endTime[1]],
      events: description.events.map((event) => ({
        ...event,
        time: [Math.min(event.time[0], LARGEST_SECONDS - 1), event.time[1]],
      })),
      resource,
      scope,
    };
  });
}

/** Returns an ended span for each description, created through the API that applications use. */
export function describedSpans(descriptions: readonly SpanDescription[]): RecordingSpan[] {
  const spans: RecordingSpan[] = [];
  const keep: SpanProcessor = {
    onEnd: (span) => spans.push(span as RecordingSpan),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  let description = descriptions[0];
  const providers = new Map<ResourceDescription, TracerProvider>();
  for (description of descriptions) {
    const { resource, scope } = description;
    const provider =
      providers.get(resource) ??
      new TracerProvider({
        resource,
        idGenerator: { generateTraceId: () => description.traceId, generateSpanId: () => description.spanId },
        sampler: {
          shouldSample: () => ({
            decision:
              (description.traceFlags & SAMPLED) === 0 ? SamplingDecision.RECORD : SamplingDecision.RECORD_AND_SAMPLED,
            traceState: traceStateOf(description.traceState),
          }),
        },
        spanProcessors: [keep],
      });
    providers.set(resource, provider);
    const { parentSpanId, traceId, traceFlags, parentIsRemote: isRemote } = description;
    const context =
      parentSpanId === undefined
        ? ROOT_CONTEXT
        : setSpan(ROOT_CONTEXT, nonRecordingSpan({ traceId, spanId: parentSpanId, traceFlags, isRemote }));
    const span = provider
      .getTracer(scope.name, scope.version, { schemaUrl: scope.schemaUrl })
      .startSpan(
        description.name,
        { kind: description.kind, startTime: description.startTime, attributes: description.attributes },
        context,
      );
    if (!(span instanceof RecordingSpan)) throw new Error('the span is not recorded');
    for (const { name, attributes, time } of description.events) span.addEvent(name, attributes, time);
    for (const { attributes, droppedAttributesCount, traceState, ...linked } of description.links) {
      const linkedContext: SpanContext = { ...linked, traceState: traceStateOf(traceState) };
      span.addLink({ context: linkedContext, attributes, droppedAttributesCount } as never);
    }
    span.setStatus(description.status);
    setDroppedCounts(span, description);
    span.end(description.endTime);
  }
  return spans;
}

/** Sets counts up to 2^32 - 1, which no test can reach by dropping spans. */
function setDroppedCounts(span: RecordingSpan, description: SpanDescription): void {
  const { _attributes, _events = [] } = span;
  if (_attributes === undefined) throw new Error('the span has nowhere to count');
  const extras = span._extend();
  _attributes._dropped = description.droppedAttributesCount;
  for (const [at, event] of _events.entries()) {
    if (event._attributes !== undefined) event._attributes._dropped = description.events[at].droppedAttributesCount;
  }
  extras._droppedEvents = description.droppedEventsCount;
  extras._droppedLinks = description.droppedLinksCount;
}

function traceStateOf(text: string | undefined) {
  return text === undefined ? undefined : createTraceState(text);
}
