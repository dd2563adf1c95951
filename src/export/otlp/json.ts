import type { Attributes, AttributeValue } from '../../core/attributes.ts';
import type { HrTime } from '../../core/clock.ts';
import type { ReadableSpan } from '../../core/span.ts';
import { type SpanContext, textOfTraceState } from '../../core/span-context.ts';
import { cut } from '../../core/text.ts';
import type { InstrumentationScope } from '../../core/tracer.ts';

/** A value in OTLP's JSON: 64-bit integers as strings, doubles that JSON cannot express as words, bytes as base64. */
export type JsonValue =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: string }
  | { doubleValue: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { arrayValue: { values: (JsonValue | Record<string, never>)[] } }
  | { kvlistValue: { values: JsonKeyValue[] } }
  | { bytesValue: string };

/** An attribute in OTLP's JSON. */
export interface JsonKeyValue {
  key: string;
  value: JsonValue | Record<string, never>;
}

/**
 * Encodes spans as an `ExportTraceServiceRequest` in OTLP's JSON: lowerCamelCase names, hexadecimal ids, enums as
 * numbers, 64-bit integers as strings.
 *
 * Specification: OpenTelemetry Protocol, "JSON Protobuf Encoding".
 */
export function requestJson(spans: readonly ReadableSpan[]): string {
  const byScope = new Map<InstrumentationScope, ReadableSpan[]>();
  for (const span of spans) {
    const same = byScope.get(span.instrumentationScope) ?? [];
    byScope.set(span.instrumentationScope, same);
    same.push(span);
  }
  const texts = Array.from(byScope.values(), (same) => {
    const [head, tail] = scopeJson(same[0]);
    return head + same.map((span) => spanJson(span)) + tail;
  });
  return REQUEST_HEAD + texts + REQUEST_TAIL;
}

/** The start and the end of a request. Its resource spans go in between, separated by commas. */
export const REQUEST_HEAD = '{"resourceSpans":[';
export const REQUEST_TAIL = ']}';

/** Returns the JSON around all spans with the scope of this one. The spans go in between, separated by commas. */
export function scopeJson({ resource, instrumentationScope }: ReadableSpan): [head: string, tail: string] {
  const { name, version, schemaUrl } = instrumentationScope;
  const tail = ']}]}';
  const empty = stringify({
    resource: { attributes: keyValues(resource.attributes) },
    schemaUrl: resource.schemaUrl,
    // `spans` comes last, so that cutting off the tail leaves the place to insert them.
    scopeSpans: [{ scope: { name, version }, schemaUrl, spans: [] }],
  });
  return [empty.slice(0, -tail.length), tail];
}

/**
 * Encodes a span as JSON.
 *
 * @param longest - The maximum length of a string, in UTF-16 code units.
 * @param isBare - Whether to leave out attributes, events and links, and count them as dropped.
 */
export function spanJson(span: ReadableSpan, longest?: number, isBare?: boolean): string {
  const json = jsonSpan(span);
  if (isBare) {
    for (const [list, count] of [
      ['attributes', 'droppedAttributesCount'],
      ['events', 'droppedEventsCount'],
      ['links', 'droppedLinksCount'],
    ] as const) {
      json[count] = (json[count] ?? 0) + json[list].length;
      json[list] = [];
    }
  }
  return stringify(json, longest);
}

interface JsonSpan {
  attributes: unknown[];
  droppedAttributesCount?: number;
  events: unknown[];
  droppedEventsCount?: number;
  links: unknown[];
  droppedLinksCount?: number;
}

function jsonSpan(span: ReadableSpan): JsonSpan & Record<string, unknown> {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const { parentSpanContext, status } = span;
  return {
    traceId,
    spanId,
    traceState: textOfTraceState(traceState) || undefined,
    parentSpanId: parentSpanContext?.spanId,
    flags: flagsOf(traceFlags, parentSpanContext?.isRemote),
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: countOf(span.droppedAttributesCount),
    events: span.events.map(({ name, time, attributes, droppedAttributesCount }) => ({
      timeUnixNano: nanos(time),
      name,
      attributes: keyValues(attributes),
      droppedAttributesCount: countOf(droppedAttributesCount),
    })),
    droppedEventsCount: countOf(span.droppedEventsCount),
    links: span.links.map(({ context, attributes, droppedAttributesCount }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      traceState: textOfTraceState(context.traceState) || undefined,
      flags: flagsOf(context.traceFlags, context.isRemote),
      attributes: keyValues(attributes),
      droppedAttributesCount: countOf(droppedAttributesCount),
    })),
    droppedLinksCount: countOf(span.droppedLinksCount),
    status: { code: status.code || undefined, message: status.message },
  };
}

/** Clamps a count to uint32, its type in the schema; `undefined` for 0. */
function countOf(count: number | undefined): number | undefined {
  return Math.min(count ?? 0, 0xffffffff) || undefined;
}

/** Bit 8 says that bit 9 is valid; bit 9 says that the parent or the linked span is remote. */
function flagsOf(flags: number, isRemote: SpanContext['isRemote']): number {
  return (flags & 0xff) | 0x100 | (isRemote === true ? 0x200 : 0);
}

function nanos([seconds, nanoseconds]: HrTime): string {
  return seconds === 0 ? String(nanoseconds) : `${seconds}${String(nanoseconds).padStart(9, '0')}`;
}

function keyValues(attributes: Attributes = {}): JsonKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: jsonValue(value) }));
}

function jsonValue(value: AttributeValue | null | undefined): JsonValue | Record<string, never> {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { intValue: String(value) };
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
      // JSON.stringify writes -0 as 0, so the sign of a zero is lost, as in every implementation.
      return { doubleValue: Number.isFinite(value) ? value : (String(value) as 'NaN') };
    default:
      break;
  }
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { arrayValue: { values: value.map(jsonValue) } };
  if (value instanceof Uint8Array) return { bytesValue: base64(value) };
  return { kvlistValue: { values: keyValues(value as Attributes) } };
}

function stringify(value: unknown, longest = Infinity): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    // JSON can express a lone surrogate, protobuf cannot, and receivers treat both encodings alike.
    typeof part === 'string' ? cut(part, longest).replace(/[\ud800-\udfff]/gu, '\ufffd') : part,
  );
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
