import { type Attributes, createTraceState, type TraceState } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type {
  DescribedAttributes,
  ResourceDescription,
  ScopeDescription,
  SpanDescription,
} from './span-description.ts';

/** Missing from OpenTelemetry's type, although its serializer writes them. */
interface ScopeWithAttributes extends InstrumentationScope {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

/** Returns the request that OpenTelemetry JS would send for these spans. Spans may share a resource object. */
export function serializeWithOpenTelemetry(descriptions: readonly SpanDescription[]): Uint8Array {
  const resources = new Map<ResourceDescription, Resource>();
  const scopes = new Map<ScopeDescription, InstrumentationScope>();
  // The serializer groups by identity, so equal descriptions must not become equal objects.
  const spans = descriptions.map((description) =>
    readableSpan(
      description,
      oneFor(resources, description.resource, readableResource),
      oneFor(scopes, description.scope, readableScope),
    ),
  );
  const bytes = ProtobufTraceSerializer.serializeRequest(spans);
  if (bytes === undefined) throw new Error('OpenTelemetry JS could not serialize these spans');
  return bytes;
}

function oneFor<K, V>(made: Map<K, V>, key: K, make: (key: K) => V): V {
  const value = made.get(key) ?? make(key);
  made.set(key, value);
  return value;
}

function readableSpan(
  description: SpanDescription,
  resource: Resource,
  instrumentationScope: InstrumentationScope,
): ReadableSpan {
  const { traceId, spanId, traceFlags, parentSpanId, parentIsRemote, startTime, endTime } = description;
  const spanContext = { traceId, spanId, traceFlags, traceState: readableTraceState(description.traceState) };
  return {
    name: description.name,
    kind: description.kind,
    spanContext: () => spanContext,
    parentSpanContext:
      parentSpanId === undefined ? undefined : { traceId, spanId: parentSpanId, traceFlags, isRemote: parentIsRemote },
    startTime,
    endTime,
    // Not exported, but part of the interface of processors.
    duration: [0, 0],
    ended: true,
    status: description.status,
    attributes: readableAttributes(description.attributes),
    droppedAttributesCount: description.droppedAttributesCount,
    events: description.events.map((event) => ({ ...event, attributes: readableAttributes(event.attributes) })),
    droppedEventsCount: description.droppedEventsCount,
    links: description.links.map((link) => ({
      context: {
        traceId: link.traceId,
        spanId: link.spanId,
        traceFlags: link.traceFlags,
        traceState: readableTraceState(link.traceState),
        isRemote: link.isRemote,
      },
      attributes: readableAttributes(link.attributes),
      droppedAttributesCount: link.droppedAttributesCount,
    })),
    droppedLinksCount: description.droppedLinksCount,
    resource,
    instrumentationScope,
  };
}

/** Not `resourceFromAttributes`, which loses attributes with the names of inherited properties. */
function readableResource({ attributes, schemaUrl }: ResourceDescription): Resource {
  const readable = readableAttributes(attributes);
  const resource: Resource = {
    attributes: readable,
    schemaUrl,
    merge: () => resource,
    getRawAttributes: () => Object.entries(readable),
  };
  return resource;
}

function readableScope({ attributes, ...rest }: ScopeDescription): ScopeWithAttributes {
  return { ...rest, attributes: attributes && readableAttributes(attributes) };
}

function readableTraceState(text: string | undefined): TraceState | undefined {
  if (text === undefined) return undefined;
  const state = createTraceState(text);
  if (state.serialize() !== text) throw new Error(`OpenTelemetry JS does not keep the trace state ${text}`);
  return state;
}

/** Adds bytes and maps, which the API's type lacks but the serializer accepts. */
function readableAttributes(attributes: DescribedAttributes): Attributes {
  return attributes as Attributes;
}
