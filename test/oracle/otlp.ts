import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { type JsonReading, readJson } from './otlp-json.ts';
import { checkWire } from './wire.ts';

/** `ExportTraceServiceRequest`. In all these types, every field is present, unset ones with protobuf's default. */
export interface DecodedRequest {
  resourceSpans: DecodedResourceSpans[];
}

/** `ResourceSpans`. */
export interface DecodedResourceSpans {
  resource: DecodedResource | null;
  scopeSpans: DecodedScopeSpans[];
  schemaUrl: string;
}

/** `Resource`. */
export interface DecodedResource {
  attributes: DecodedKeyValue[];
  droppedAttributesCount: number;
  entityRefs: DecodedEntityRef[];
}

/** `EntityRef`. */
export interface DecodedEntityRef {
  schemaUrl: string;
  type: string;
  idKeys: string[];
  descriptionKeys: string[];
}

/** `ScopeSpans`. */
export interface DecodedScopeSpans {
  scope: DecodedScope | null;
  spans: DecodedSpanMessage[];
  schemaUrl: string;
}

/** `InstrumentationScope`. */
export interface DecodedScope {
  name: string;
  version: string;
  attributes: DecodedKeyValue[];
  droppedAttributesCount: number;
}

/** `Span` as encoded. {@link DecodedSpan} is the form for comparisons. */
export interface DecodedSpanMessage {
  traceId: Uint8Array;
  spanId: Uint8Array;
  traceState: string;
  parentSpanId: Uint8Array;
  name: string;
  kind: number;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes: DecodedKeyValue[];
  droppedAttributesCount: number;
  events: DecodedEventMessage[];
  droppedEventsCount: number;
  links: DecodedLinkMessage[];
  droppedLinksCount: number;
  status: DecodedStatus | null;
  flags: number;
}

/** `Span.Event`. */
export interface DecodedEventMessage {
  timeUnixNano: bigint;
  name: string;
  attributes: DecodedKeyValue[];
  droppedAttributesCount: number;
}

/** `Span.Link`. */
export interface DecodedLinkMessage {
  traceId: Uint8Array;
  spanId: Uint8Array;
  traceState: string;
  attributes: DecodedKeyValue[];
  droppedAttributesCount: number;
  flags: number;
}

/** `Status`. */
export interface DecodedStatus {
  message: string;
  code: number;
}

/** `KeyValue`. */
export interface DecodedKeyValue {
  key: string;
  value: DecodedAnyValue | null;
}

/** `AnyValue`: at most one of these is present. */
export interface DecodedAnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: bigint;
  doubleValue?: number;
  arrayValue?: { values: DecodedAnyValue[] };
  kvlistValue?: { values: DecodedKeyValue[] };
  bytesValue?: Uint8Array;
}

/** An attribute's value in plain JavaScript: a `bigint` was an integer, a `number` a double. */
export type PlainValue = string | boolean | bigint | number | Uint8Array | null | PlainValue[] | PlainAttributes;

/** Attributes, or a nested map, by key. */
export interface PlainAttributes {
  [key: string]: PlainValue;
}

/** A span with everything that the request says about it, for `assert.deepEqual`. */
export interface DecodedSpan {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits. */
  spanId: string;
  /** 16 lower-case hex digits; empty for a root. */
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  /** OTLP's number, which is one more than the API's. */
  kind: number;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes: PlainAttributes;
  droppedAttributesCount: number;
  events: DecodedEvent[];
  droppedEventsCount: number;
  links: DecodedLink[];
  droppedLinksCount: number;
  /** Code 0 and no message if the span has no status. */
  status: DecodedStatus;
  resource: { attributes: PlainAttributes; droppedAttributesCount: number; schemaUrl: string };
  scope: {
    name: string;
    version: string;
    attributes: PlainAttributes;
    droppedAttributesCount: number;
    schemaUrl: string;
  };
}

/** An event of a {@link DecodedSpan}. */
export interface DecodedEvent {
  name: string;
  timeUnixNano: bigint;
  attributes: PlainAttributes;
  droppedAttributesCount: number;
}

/** A link of a {@link DecodedSpan}. */
export interface DecodedLink {
  traceId: string;
  spanId: string;
  traceState: string;
  flags: number;
  attributes: PlainAttributes;
  droppedAttributesCount: number;
}

/** A collector's response if it accepted only some spans, or accepted all with a warning. */
export interface PartialSuccess {
  rejectedSpans?: number | bigint;
  errorMessage?: string;
}

const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));

const root = new protobuf.Root();
// Imports are relative to the root of the proto folder, not to the importing file.
root.resolvePath = (_origin, target) => PROTO + target;
root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto');
root.resolveAll();

const requestType = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');
const responseType = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse');

/**
 * Decodes a request from protobuf. Throws if the bytes are malformed, and also for bytes that no good encoder writes
 * (see {@link checkWire}), although a lenient collector might accept them.
 */
export function decodeRequest(bytes: Uint8Array): DecodedRequest {
  checkWire(bytes, requestType);
  // Copy, because protobufjs returns views. As a Uint8Array, because for a Buffer it returns Buffers.
  const message = requestType.decode(new Uint8Array(bytes));
  const request = requestType.toObject(message, { longs: BigInt, defaults: true }) as DecodedRequest;
  for (const { scopeSpans } of request.resourceSpans) {
    for (const { spans } of scopeSpans) {
      // Missing bytes still become a Buffer, which is not deeply equal to an empty Uint8Array.
      for (const span of spans) span.parentSpanId = new Uint8Array(span.parentSpanId);
    }
  }
  return request;
}

/** Decodes a request from OTLP JSON, equally strictly ({@link readJson}). */
export function decodeJsonRequest(text: string | Uint8Array, reading: JsonReading = {}): DecodedRequest {
  const json = typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text);
  return readJson(JSON.parse(json), requestType, reading) as DecodedRequest;
}

/** Encodes a collector's protobuf response. Without an argument, it accepts everything, which takes no bytes. */
export function encodeResponse(partialSuccess?: PartialSuccess): Uint8Array {
  const message = partialSuccess === undefined ? {} : { partialSuccess: withTextualCount(partialSuccess) };
  return new Uint8Array(responseType.encode(responseType.fromObject(message)).finish());
}

/** The same in OTLP JSON. */
export function encodeJsonResponse(partialSuccess?: PartialSuccess): string {
  return JSON.stringify(partialSuccess === undefined ? {} : { partialSuccess: withTextualCount(partialSuccess) });
}

function withTextualCount({ rejectedSpans, errorMessage }: PartialSuccess): Record<string, string> {
  return {
    ...(rejectedSpans === undefined ? {} : { rejectedSpans: String(rejectedSpans) }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  };
}

/**
 * Returns the spans of a request, in order. Throws if the request cannot be represented in this form or is invalid: a
 * duplicate key, an id of the wrong length, a span whose ids are all zeros.
 */
export function flatten(request: DecodedRequest): DecodedSpan[] {
  const spans: DecodedSpan[] = [];
  for (const { resource, scopeSpans, schemaUrl } of request.resourceSpans) {
    const plainResource = () => ({
      attributes: plainAttributes(resource?.attributes ?? []),
      droppedAttributesCount: resource?.droppedAttributesCount ?? 0,
      schemaUrl,
    });
    for (const { scope, spans: messages, schemaUrl: scopeSchemaUrl } of scopeSpans) {
      const plainScope = () => ({
        name: scope?.name ?? '',
        version: scope?.version ?? '',
        attributes: plainAttributes(scope?.attributes ?? []),
        droppedAttributesCount: scope?.droppedAttributesCount ?? 0,
        schemaUrl: scopeSchemaUrl,
      });
      for (const message of messages) spans.push(plainSpan(message, plainResource(), plainScope()));
    }
  }
  return spans;
}

function plainSpan(
  message: DecodedSpanMessage,
  resource: DecodedSpan['resource'],
  scope: DecodedSpan['scope'],
): DecodedSpan {
  const { parentSpanId } = message;
  return {
    traceId: validId(message.traceId, 16),
    spanId: validId(message.spanId, 8),
    parentSpanId: parentSpanId.length === 0 ? '' : validId(parentSpanId, 8),
    traceState: message.traceState,
    flags: message.flags,
    name: message.name,
    kind: message.kind,
    startTimeUnixNano: message.startTimeUnixNano,
    endTimeUnixNano: message.endTimeUnixNano,
    attributes: plainAttributes(message.attributes),
    droppedAttributesCount: message.droppedAttributesCount,
    events: message.events.map((event) => ({ ...event, attributes: plainAttributes(event.attributes) })),
    droppedEventsCount: message.droppedEventsCount,
    links: message.links.map((link) => ({
      ...link,
      traceId: id(link.traceId, 16),
      spanId: id(link.spanId, 8),
      attributes: plainAttributes(link.attributes),
    })),
    droppedLinksCount: message.droppedLinksCount,
    status: message.status ?? { code: 0, message: '' },
    resource,
    scope,
  };
}

function validId(bytes: Uint8Array, length: number): string {
  const hex = id(bytes, length);
  if (/^0*$/.test(hex)) throw new Error(`an id of ${length} bytes is all zeros`);
  return hex;
}

function id(bytes: Uint8Array, length: number): string {
  if (bytes.length !== length) throw new Error(`an id has ${bytes.length} bytes instead of ${length}`);
  return Buffer.from(bytes).toString('hex');
}

function plainAttributes(list: readonly DecodedKeyValue[]): PlainAttributes {
  const keys = new Set<string>();
  for (const { key } of list) {
    if (keys.has(key)) throw new Error(`the key ${JSON.stringify(key)} occurs twice`);
    keys.add(key);
  }
  // Unlike assignment, fromEntries creates a property for a key named __proto__.
  return Object.fromEntries(list.map(({ key, value }) => [key, value === null ? null : plainValue(value)]));
}

function plainValue(value: DecodedAnyValue): PlainValue {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plainValue);
  if (value.kvlistValue !== undefined) return plainAttributes(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue ?? value.bytesValue ?? null;
}
