import { type AttributeList, droppedOf, type StoredValue } from '../../core/attributes.ts';
import { type Anchor, nanosFrom, type Time } from '../../core/clock.ts';
import type { StoredEvent } from '../../core/event.ts';
import { wordOfHex } from '../../core/id.ts';
import type { StoredLink } from '../../core/link.ts';
import { HAS_IS_REMOTE, IS_REMOTE } from '../../core/non-recording-span.ts';
import type { RecordingSpan } from '../../core/span.ts';
import {
  begin,
  bigVarint,
  byte,
  bytes,
  double,
  end,
  ensure,
  name,
  text,
  valueText,
  varint,
  type WireBuffer,
} from './protobuf.ts';

// The messages of OTLP traces, each with the table of its fields. A tag is the field's number times eight plus its
// wire type: 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit.

const TWO_32 = 2 ** 32;

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
/**
 * @param traceState - The `tracestate` of the span's context: asking for it may run code of the application.
 * @param complete - False leaves out attributes, events and links, which are counted as dropped.
 */
export function writeSpan(to: WireBuffer, span: RecordingSpan, traceState: string, complete: boolean): void {
  const { _attributes, _events, _extras, _anchor } = span;
  ensure(to, 128);
  // What every span has stands at offsets that are known.
  const out = to._view;
  let at = to._length;
  out.setUint16(at, 0x0a10);
  out.setInt32(at + 2, span._word0);
  out.setInt32(at + 6, span._word1);
  out.setInt32(at + 10, span._word2);
  out.setInt32(at + 14, span._word3);
  out.setUint16(at + 18, 0x1208);
  out.setInt32(at + 20, span._idHigh);
  out.setInt32(at + 24, span._idLow);
  out.setUint8(at + 28, 0x39);
  writeTime(out, at + 29, _anchor, span._start);
  out.setUint8(at + 37, 0x41);
  writeTime(out, at + 38, _anchor, span._end as Time);
  out.setUint16(at + 46, 0x8501);
  out.setInt32(at + 48, span._flags, true);
  out.setUint16(at + 52, 0x3001 + span.kind);
  at += 54;
  if ((span._parentHigh | span._parentLow) !== 0) {
    out.setUint16(at, 0x2208);
    out.setInt32(at + 2, span._parentHigh);
    out.setInt32(at + 6, span._parentLow);
    at += 10;
  }
  to._length = at;
  byte(to, 0x2a);
  name(to, span.name);
  writeText(to, 0x1a, traceState);
  if (_attributes !== undefined) writeAttributes(to, 0x4a, 0x50, _attributes, complete);
  if (span._statusCode !== 0) writeStatus(to, span);
  if (_events !== undefined && complete) {
    for (let at = 0; at < _events.length; at++) writeEvent(to, _anchor, _events[at]);
  }
  if (_extras !== undefined && complete) for (const link of _extras._links) writeLink(to, link);
  if (_extras !== undefined || !complete) {
    writeCount(to, 0x60, span.droppedEventsCount + (complete ? 0 : (_events?.length ?? 0)));
    writeCount(to, 0x70, span.droppedLinksCount + (complete ? 0 : (_extras?._links.length ?? 0)));
  }
}

function writeTime(out: DataView, at: number, anchor: Anchor, time: Time): void {
  if (typeof time === 'bigint') {
    out.setBigUint64(at, time, true);
    return;
  }
  // Both terms are whole and below 2^53, so the sum is exact; its overflow goes to the upper half.
  const low = anchor._low + nanosFrom(anchor, time);
  out.setInt32(at, low, true);
  out.setInt32(at + 4, anchor._high + Math.floor(low / TWO_32), true);
}

function writeCount(to: WireBuffer, tag: number, count: number): void {
  if (count === 0) return;
  byte(to, tag);
  // A uint32 in the schema.
  varint(to, Math.min(count, 0xffffffff));
}

/** A field with a string, unless that is empty. */
export function writeText(to: WireBuffer, tag: number, value: string | undefined): void {
  if (!value) return;
  byte(to, tag);
  text(to, value);
}

/*
 * Event                     tag
 *   time_unix_nano       1  0x09  fixed64
 *   name                 2  0x12  string
 *   attributes           3  0x1a  KeyValue, repeated
 *   dropped_attributes   4  0x20  varint
 */
function writeEvent(to: WireBuffer, anchor: Anchor, { _name, _time, _attributes }: StoredEvent): void {
  const out = to._view;
  const at = to._length;
  out.setUint8(at, 0x5a);
  const start = at + 2;
  out.setUint8(start, 0x09);
  writeTime(out, start + 1, anchor, _time);
  out.setUint8(start + 9, 0x12);
  to._length = start + 10;
  name(to, _name);
  if (_attributes !== undefined) writeAttributes(to, 0x1a, 0x20, _attributes, true);
  end(to, start, 1);
  ensure(to, 0);
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
function writeLink(to: WireBuffer, { _context, _traceState, _attributes }: StoredLink): void {
  const { traceId, spanId, traceFlags, isRemote } = _context;
  byte(to, 0x6a);
  const start = begin(to, 1);
  const out = to._view;
  out.setUint16(start, 0x0a10);
  for (let at = 0; at < 16; at += 4) out.setInt32(start + 2 + at, wordOfHex(traceId, 2 * at));
  out.setUint16(start + 18, 0x1208);
  for (let at = 0; at < 8; at += 4) out.setInt32(start + 20 + at, wordOfHex(spanId, 2 * at));
  out.setUint8(start + 28, 0x35);
  out.setInt32(start + 29, traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0), true);
  to._length = start + 33;
  writeText(to, 0x1a, _traceState);
  writeAttributes(to, 0x22, 0x28, _attributes, true);
  end(to, start, 1);
  ensure(to, 0);
}

/*
 * Status                    tag
 *   message              2  0x12  string
 *   code                 3  0x18  varint: 1 ok, 2 error
 */
function writeStatus(to: WireBuffer, span: RecordingSpan): void {
  byte(to, 0x7a);
  const start = begin(to, 1);
  writeText(to, 0x12, span._statusMessage);
  byte(to, 0x18);
  byte(to, span._statusCode);
  end(to, start, 1);
  ensure(to, 0);
}

/*
 * KeyValue                  tag
 *   key                  1  0x0a  string
 *   value                2  0x12  AnyValue
 */
/** Attributes, and how many there are besides; of those that are not `complete`, only how many there are. */
export function writeAttributes(
  to: WireBuffer,
  tag: number,
  countTag: number,
  attributes: AttributeList,
  complete: boolean,
): void {
  let dropped = droppedOf(attributes);
  if (complete) {
    for (let at = 0; at < attributes.length; at += 2)
      writeAttribute(to, tag, attributes[at] as string, attributes[at + 1]);
  } else {
    dropped += attributes.length / 2;
  }
  writeCount(to, countTag, dropped);
}

/** One attribute; there is room for what comes next. */
function writeAttribute(to: WireBuffer, tag: number, key: string, value: StoredValue): void {
  const start = to._length + 2;
  to._bytes[start - 2] = tag;
  to._bytes[start] = 0x0a;
  to._length = start + 1;
  name(to, key);
  byte(to, 0x12);
  writeValue(to, value, key);
  end(to, start, 1);
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
/** @param key - Whose value it is; `undefined` for an element of an array. */
function writeValue(to: WireBuffer, value: StoredValue, key: string | undefined): void {
  const start = begin(to, 1);
  if (typeof value === 'string') {
    byte(to, 0x0a);
    valueText(to, key, value);
  } else if (typeof value === 'number') {
    // A zero may be negative, which only a double can say.
    if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
      byte(to, 0x18);
      varint(to, value);
    } else {
      byte(to, 0x21);
      double(to, value);
    }
  } else if (typeof value === 'boolean') {
    byte(to, 0x10);
    byte(to, value ? 1 : 0);
  } else if (value !== null) {
    writeCompound(to, value);
  }
  end(to, start, 1);
}

function writeCompound(
  to: WireBuffer,
  value: bigint | Uint8Array | StoredValue[] | { [key: string]: StoredValue },
): void {
  if (typeof value === 'bigint') {
    byte(to, 0x18);
    bigVarint(to, value);
  } else if (value instanceof Uint8Array) {
    byte(to, 0x3a);
    bytes(to, value);
  } else {
    byte(to, Array.isArray(value) ? 0x2a : 0x32);
    const start = begin(to, 1);
    if (Array.isArray(value)) {
      for (const element of value) {
        ensure(to, 0);
        byte(to, 0x0a);
        writeValue(to, element, undefined);
      }
    } else {
      for (const key of Object.keys(value)) writeAttribute(to, 0x0a, key, value[key]);
    }
    end(to, start, 1);
  }
}
