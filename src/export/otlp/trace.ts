import { AttributeList, type StoredValue } from '../../core/attributes.ts';
import { type Anchor, type HrTime, highNanos, lowNanos, nanosFrom } from '../../core/clock.ts';
import type { StoredEvent } from '../../core/event.ts';
import { wordOfHex } from '../../core/id.ts';
import type { StoredLink } from '../../core/link.ts';
import { type Resource, resourceAttributeList } from '../../core/resource.ts';
import { ParentOrigin, type RecordingSpan } from '../../core/span.ts';
import { isSpanContextValid, textOfTraceState } from '../../core/span-context.ts';
import type { InstrumentationScope } from '../../core/tracer.ts';
import { ProtobufWriter } from './protobuf.ts';

// The messages of OTLP traces, each with the table of its fields. A tag is the field's number times eight plus its
// wire type: 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit.

const TWO_32 = 2 ** 32;

// Bit 8 says that bit 9 is known, bit 9 that the parent or the linked span is remote.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/*
 * Span                      tag
 *   trace_id             1  0x0a  16 bytes
 *   span_id              2  0x12  8 bytes
 *   trace_state          3  0x1a  string
 *   parent_span_id       4  0x22  8 bytes
 *   name                 5  0x2a  string
 *   kind                 6  0x30  varint: 1 internal, 2 server, 3 client, 4 producer, 5 consumer
 *   start_time_unix_nano 7  0x39  fixed64
 *   end_time_unix_nano   8  0x41  fixed64
 *   attributes           9  0x4a  KeyValue, repeated
 *   dropped_attributes  10  0x50  varint
 *   events              11  0x5a  Event, repeated
 *   dropped_events      12  0x60  varint
 *   links               13  0x6a  Link, repeated
 *   dropped_links       14  0x70  varint
 *   status              15  0x7a  Status
 *   flags               16  0x85 0x01  fixed32
 */
export function writeSpan(writer: ProtobufWriter, span: RecordingSpan): void {
  const { trace, extras, attributeList, eventList, parentOrigin } = span;
  const anchor = trace.anchor as Anchor;
  writer.ensure(128);
  writer.byte(0x0a);
  writer.byte(16);
  writer.idWord(trace.word0);
  writer.idWord(trace.word1);
  writer.idWord(trace.word2);
  writer.idWord(trace.word3);
  writer.byte(0x12);
  writer.byte(8);
  writer.idWord(span.idHigh);
  writer.idWord(span.idLow);
  let flags = span.flags | HAS_IS_REMOTE;
  if (parentOrigin !== ParentOrigin.NONE) {
    writer.byte(0x22);
    writer.byte(8);
    writer.idWord(span.parentHigh);
    writer.idWord(span.parentLow);
    if (parentOrigin === ParentOrigin.REMOTE) flags |= IS_REMOTE;
  }
  writer.byte(0x85);
  writer.byte(0x01);
  writer.fixed32(flags);
  writer.byte(0x30);
  writer.byte(span.kind + 1);
  writer.byte(0x39);
  writeTime(writer, anchor, span.startReading, extras?.startTime);
  writer.byte(0x41);
  writeTime(writer, anchor, span.endReading, extras?.endTime);
  writer.byte(0x2a);
  writer.name(span.name);
  if (trace.traceState !== undefined) writeOptionalText(writer, 0x1a, textOfTraceState(trace.traceState));
  if (attributeList !== undefined) {
    writeAttributes(writer, 0x4a, attributeList);
    writeCount(writer, 0x50, attributeList.dropped);
  }
  if (eventList !== undefined) {
    for (let at = 0; at < eventList.length; at++) writeEvent(writer, anchor, eventList[at]);
  }
  if (span.statusCode !== 0) writeStatus(writer, span);
  if (extras !== undefined) {
    for (const link of extras.links) writeLink(writer, link);
    writer.ensure(12);
    writeCount(writer, 0x60, extras.droppedEvents);
    writeCount(writer, 0x70, extras.droppedLinks);
  }
}

/**
 * The least of a span that is larger than a message may be: everything but attributes, events and links, which
 * are counted as dropped.
 */
export function writeBareSpan(writer: ProtobufWriter, span: RecordingSpan): void {
  const bare = Object.create(span, {
    attributeList: { value: undefined },
    eventList: { value: undefined },
    extras: { value: span.extras === undefined ? undefined : { ...span.extras, links: [] } },
  }) as RecordingSpan;
  writeSpan(writer, bare);
  writer.ensure(36);
  writeCount(writer, 0x50, (span.attributeList?.items.length ?? 0) / 2 + span.droppedAttributesCount);
  writeCount(writer, 0x60, (span.eventList?.length ?? 0) + span.droppedEventsCount);
  writeCount(writer, 0x70, (span.extras?.links.length ?? 0) + span.droppedLinksCount);
}

function writeTime(writer: ProtobufWriter, anchor: Anchor, reading: number, given: HrTime | undefined): void {
  if (given !== undefined) {
    writer.fixed64(highNanos(given[0], given[1]), lowNanos(given[0], given[1]));
    return;
  }
  // Both terms are whole and below 2^53, so the sum is exact; its overflow goes to the upper half.
  const low = anchor.low + nanosFrom(anchor, reading);
  writer.fixed64(anchor.high + Math.floor(low / TWO_32), low);
}

function writeCount(writer: ProtobufWriter, tag: number, count: number): void {
  if (count === 0) return;
  writer.byte(tag);
  // A uint32 in the schema.
  writer.varint(Math.min(count, 0xffffffff));
}

function writeOptionalText(writer: ProtobufWriter, tag: number, text: string): void {
  if (text === '') return;
  writer.byte(tag);
  writer.text(text);
}

/*
 * Event                     tag
 *   time_unix_nano       1  0x09  fixed64
 *   name                 2  0x12  string
 *   attributes           3  0x1a  KeyValue, repeated
 *   dropped_attributes   4  0x20  varint
 */
function writeEvent(writer: ProtobufWriter, anchor: Anchor, event: StoredEvent): void {
  writer.ensure(32);
  writer.byte(0x5a);
  const start = writer.open();
  writer.byte(0x09);
  writeTime(writer, anchor, event.reading, event.given);
  writer.byte(0x12);
  writer.name(event.name);
  const { attributes } = event;
  if (attributes !== undefined) {
    writeAttributes(writer, 0x1a, attributes);
    writeCount(writer, 0x20, attributes.dropped);
  }
  writer.close(start);
}

/*
 * Link                      tag
 *   trace_id             1  0x0a  16 bytes
 *   span_id              2  0x12  8 bytes
 *   trace_state          3  0x1a  string
 *   attributes           4  0x22  KeyValue, repeated
 *   dropped_attributes   5  0x28  varint
 *   flags                6  0x35  fixed32
 */
function writeLink(writer: ProtobufWriter, link: StoredLink): void {
  const { traceId, spanId, traceFlags, traceState, isRemote } = link.context;
  const valid = isSpanContextValid(link.context);
  writer.ensure(64);
  writer.byte(0x6a);
  const start = writer.open();
  writer.byte(0x0a);
  writer.byte(16);
  for (let at = 0; at < 32; at += 8) writer.idWord(valid ? wordOfHex(traceId, at) : 0);
  writer.byte(0x12);
  writer.byte(8);
  for (let at = 0; at < 16; at += 8) writer.idWord(valid ? wordOfHex(spanId, at) : 0);
  writer.byte(0x35);
  writer.fixed32((traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0));
  if (traceState !== undefined) writeOptionalText(writer, 0x1a, textOfTraceState(traceState));
  if (link.attributes !== undefined) writeAttributes(writer, 0x22, link.attributes);
  writeCount(writer, 0x28, link.droppedAttributesCount);
  writer.close(start);
}

/*
 * Status                    tag
 *   message              2  0x12  string
 *   code                 3  0x18  varint: 1 ok, 2 error
 */
function writeStatus(writer: ProtobufWriter, span: RecordingSpan): void {
  writer.ensure(8);
  writer.byte(0x7a);
  const start = writer.open();
  if (span.statusMessage !== undefined) writeOptionalText(writer, 0x12, span.statusMessage);
  writer.byte(0x18);
  writer.byte(span.statusCode);
  writer.close(start);
}

/*
 * KeyValue                  tag
 *   key                  1  0x0a  string
 *   value                2  0x12  AnyValue
 */
function writeAttributes(writer: ProtobufWriter, tag: number, attributes: AttributeList): void {
  const { items } = attributes;
  for (let at = 0; at < items.length; at += 2) {
    writer.byte(tag);
    const start = writer.open();
    writer.byte(0x0a);
    writer.name(items[at] as string);
    writer.byte(0x12);
    writeValue(writer, items[at + 1] as StoredValue);
    writer.close(start);
  }
  writer.ensure(16);
}

/*
 * AnyValue                  tag
 *   string_value         1  0x0a  string
 *   bool_value           2  0x10  varint
 *   int_value            3  0x18  varint, two's complement in 64 bits
 *   double_value         4  0x21  64-bit
 *   array_value          5  0x2a  ArrayValue: values 1, AnyValue, repeated
 *   kvlist_value         6  0x32  KeyValueList: values 1, KeyValue, repeated
 *   bytes_value          7  0x3a  bytes
 */
function writeValue(writer: ProtobufWriter, value: StoredValue): void {
  const start = writer.open();
  if (typeof value === 'string') {
    writer.byte(0x0a);
    writer.text(value);
  } else if (typeof value === 'number') {
    writeNumber(writer, value);
  } else if (typeof value === 'boolean') {
    writer.byte(0x10);
    writer.byte(value ? 1 : 0);
  } else if (value !== null) {
    writeCompound(writer, value);
  }
  writer.close(start);
}

function writeNumber(writer: ProtobufWriter, value: number): void {
  // A zero may be negative, which only a double can say.
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
    writer.byte(0x18);
    if (value >= 0) writer.varint(value);
    else writer.varint64(Math.floor(value / TWO_32), value);
  } else {
    writer.byte(0x21);
    writer.double(value);
  }
}

function writeCompound(writer: ProtobufWriter, value: bigint | Uint8Array | AttributeList | StoredValue[]): void {
  if (typeof value === 'bigint') {
    writer.byte(0x18);
    writer.varint64(Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
  } else if (value instanceof Uint8Array) {
    writer.byte(0x3a);
    writer.lengthDelimited(value);
  } else if (value instanceof AttributeList) {
    writer.byte(0x32);
    const start = writer.open();
    writeAttributes(writer, 0x0a, value);
    writer.close(start);
  } else {
    writer.byte(0x2a);
    const start = writer.open();
    for (const element of value) {
      writer.ensure(16);
      writer.byte(0x0a);
      writeValue(writer, element);
    }
    writer.close(start);
  }
}

/*
 * ResourceSpans             tag
 *   resource             1  0x0a  Resource: attributes 1, KeyValue, repeated
 *   scope_spans          2  0x12  ScopeSpans, repeated
 *   schema_url           3  0x1a  string
 *
 * The constant part: everything but the scope spans.
 */
export function resourceBytes(resource: Resource): Uint8Array {
  const writer = new ProtobufWriter(new Uint8Array(1024));
  writer.byte(0x0a);
  const start = writer.open();
  writeAttributes(writer, 0x0a, resourceAttributeList(resource));
  writer.close(start);
  if (resource.schemaUrl !== undefined) writeOptionalText(writer, 0x1a, resource.schemaUrl);
  return writer.bytes.slice(0, writer.position);
}

/*
 * ScopeSpans                tag
 *   scope                1  0x0a  InstrumentationScope: name 1, version 2
 *   spans                2  0x12  Span, repeated
 *   schema_url           3  0x1a  string
 *
 * The constant part: everything but the spans.
 */
export function scopeBytes(scope: InstrumentationScope): Uint8Array {
  const writer = new ProtobufWriter(new Uint8Array(256));
  writer.byte(0x0a);
  const start = writer.open();
  writeOptionalText(writer, 0x0a, scope.name);
  if (scope.version !== undefined) writeOptionalText(writer, 0x12, scope.version);
  writer.close(start);
  if (scope.schemaUrl !== undefined) writeOptionalText(writer, 0x1a, scope.schemaUrl);
  return writer.bytes.slice(0, writer.position);
}
