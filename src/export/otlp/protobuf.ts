/*
 * The protobuf wire format, written in one pass. To write a length-delimited field, reserve a byte for the length and
 * write the content; the content moves only if its length needs more than that byte. A first pass that computes sizes
 * is 44 % of the cost of OpenTelemetry JS's serializer.
 *
 * All functions write to one place, a constant of this module, since passing it around would cost code. No application
 * code may run while a span is being written: it could end another span.
 *
 * Invariant: `ensure` and `blob` leave room for ROOM further bytes, `text` and `copy` for at least half of that. The
 * tags, varints and fixed-width fields between two of these calls take less than 100 bytes and need no check.
 */
const ROOM = 256;

/** The saved state of a buffer while another one is being written to. */
export interface WireBuffer {
  _bytes: Uint8Array<ArrayBuffer>;
  _view: DataView<ArrayBuffer>;
  /** The number of bytes written so far. */
  _length: number;
}

let current: WireBuffer | undefined;

/** The buffer being written to. */
export const wire = {
  _bytes: /* @__PURE__ */ new Uint8Array(),
  _view: /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer()),
  /** The offset of the next byte. */
  _at: 0,
  /** No field starts beyond this offset, and no string reaches beyond it. */
  _limit: 0,
  /** The maximum length of a string, in bytes. */
  _longest: 0,
  /** True if something was cut or left out. */
  _isCut: false,
  /** True if that was because of `_limit` rather than `_longest`. */
  _isOver: false,
};

/** Makes `buffer` the one being written to. Bytes are appended to its content. */
export function select(buffer: WireBuffer): void {
  if (buffer === current) return;
  if (current !== undefined) save(current);
  current = buffer;
  wire._bytes = buffer._bytes;
  wire._view = buffer._view;
  wire._at = buffer._length;
}

/** Saves and releases the buffer written to last. */
export function release(): void {
  if (current !== undefined) save(current);
  current = undefined;
  wire._bytes = new Uint8Array();
  wire._view = new DataView(wire._bytes.buffer);
}

/** Copies the state of the current buffer back to `buffer`. */
export function save(buffer: WireBuffer): void {
  buffer._bytes = wire._bytes;
  buffer._view = wire._view;
  buffer._length = wire._at;
}

/** Limits what follows to `size` bytes, and each string in it to `ofText` bytes. */
export function setLimits(size: number, ofText: number): void {
  wire._limit = wire._at + size;
  wire._longest = ofText;
  if (wire._isCut) wire._isCut = wire._isOver = false;
}

/** True if the limit has been reached. The caller then leaves out the next field. */
export function isFull(): boolean {
  if (wire._at < wire._limit) return false;
  wire._isCut = wire._isOver = true;
  return true;
}

/** Discards everything written since offset `start`. */
export function rewind(start: number): void {
  wire._at = start;
}

/** Makes room for `size` bytes and ROOM more. */
export function ensure(size: number): void {
  const needed = wire._at + size + ROOM;
  if (needed <= wire._bytes.length) return;
  const grown = new Uint8Array(Math.max(2 * wire._bytes.length, needed));
  grown.set(wire._bytes);
  moveTo(grown);
}

/** Continues in other memory, which already holds the bytes written so far. */
export function moveTo(bytes: Uint8Array<ArrayBuffer>): void {
  // Set both or neither: creating the view may overflow the stack.
  const view = new DataView(bytes.buffer);
  wire._bytes = bytes;
  wire._view = view;
}

export function byte(value: number): void {
  wire._bytes[wire._at++] = value;
}

/** Skips `size` bytes, to be filled in later, and returns the offset behind them. */
export function reserve(size: number): number {
  wire._at += size;
  return wire._at;
}

/** Writes an integer between -2^53 and 2^53. A negative one takes ten bytes, as the format requires. */
export function varint(value: number): void {
  let rest = value;
  // Nine groups of 7 bits leave one of the 64 bits of a negative number: the sign.
  for (let group = 0; value < 0 ? group < 9 : rest > 0x7f; group++) {
    byte((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  byte(value < 0 ? 1 : rest);
}

/** Writes a 64-bit integer, signed or unsigned. */
export function bigVarint(value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) byte(Number(rest & 0x7fn) | 0x80);
  byte(Number(rest));
}

export function double(value: number): void {
  wire._view.setFloat64(reserve(8) - 8, value, true);
}

/**
 * Fills in the length of the content that begins at `start`, into the `reserved` bytes before it. If the length needs
 * more bytes, the content moves. If it needs fewer, it is padded with redundant varint bytes, which decoders accept
 * (Perfetto writes all its lengths like this), so that a batch is sealed in place.
 */
export function close(start: number, reserved: number): void {
  const length = wire._at - start;
  // Fast path: most lengths are short. It saves 2 ns for each of the twenty in a span (Node 20).
  if (reserved === 1 && length < 0x80) {
    wire._bytes[start - 1] = length;
    return;
  }
  let size = reserved;
  while (length >> (7 * size) > 0) size++;
  if (size > reserved) {
    ensure(size);
    wire._bytes.copyWithin(start + size - reserved, start, wire._at);
    wire._at += size - reserved;
  }
  let to = start - reserved;
  let rest = length;
  for (; --size > 0; rest >>= 7) wire._bytes[to++] = rest | 0x80;
  wire._bytes[to] = rest;
}

// Up to this length the byte length of a string fits in one byte, and for ASCII a loop over the code units beats
// TextEncoder (20 characters: 37 ns against 53, Node 20). Only strings up to this length are cached.
const SHORT_TEXT = 42;

const encoder = /* @__PURE__ */ new TextEncoder();

/** Writes a string, preceded by its length. Lone surrogates become U+FFFD. */
export function text(value: string): void {
  const { length } = value;
  ensure(0);
  if (length <= SHORT_TEXT) {
    const { _bytes } = wire;
    let to = wire._at + 1;
    let from = 0;
    for (; from < length; from++) {
      const unit = value.charCodeAt(from);
      if (unit > 0x7f) break;
      _bytes[to++] = unit;
    }
    if (from === length) {
      _bytes[wire._at] = length;
      wire._at = to;
      return;
    }
  }
  // For ASCII this is exactly the size of the length, so nothing has to move.
  const reserved = length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
  const start = reserve(reserved);
  const room = roomFor(3 * length);
  const { read, written } = encoder.encodeInto(value, wire._bytes.subarray(start, start + room));
  if (read < length) cutTo(room);
  wire._at += written;
  close(start, reserved);
}

/** Writes bytes, preceded by their length. */
export function blob(value: Uint8Array): void {
  const part = value.subarray(0, roomFor(value.length));
  if (part.length < value.length) cutTo(part.length);
  varint(part.length);
  wire._bytes.set(part, wire._at);
  wire._at += part.length;
}

/** Makes room for `size` bytes, or for as many as the limits allow, and returns that number. */
function roomFor(size: number): number {
  const room = Math.max(Math.min(size, wire._longest, wire._limit - wire._at), 0);
  ensure(room);
  return room;
}

function cutTo(room: number): void {
  wire._isCut = true;
  if (room < wire._longest) wire._isOver = true;
}

/** Cached bytes that are likely to be written again: their number, then the 32-bit words that hold them. */
type Words = readonly number[];

/** Reads back the bytes written since `start`. */
export function wordsFrom(start: number): Words {
  const words = [wire._at - start];
  for (let from = start; from < wire._at; from += 4) words.push(wire._view.getInt32(from, true));
  return words;
}

/** Writes cached bytes. DataView writes a word in the time of a byte. */
export function copy(words: Words): void {
  ensure(0);
  const out = wire._view;
  // The last word may reach beyond the end; whatever is written next overwrites the excess.
  for (let word = 1, to = wire._at; word < words.length; word++, to += 4) out.setInt32(to, words[word], true);
  wire._at += words[0];
}

/** A cached name or key. */
export interface Repeated {
  readonly _text: string;
  /** The encoded string, including its length. */
  readonly _words: Words;
  /**
   * The string that followed this one last time. It usually follows again, and is then found without the map: 337 ns
   * instead of 357 for a span with five attributes and an event (Node 20).
   */
  _next: Repeated | undefined;
  /** For the key of an attribute: its last value. */
  _value: unknown;
  /** For the key of an attribute: its last tag. */
  _tag: number;
  /** The whole encoded attribute, once it has come twice in a row with the same value and tag. */
  _pair: Words | undefined;
}

const MAX_REPEATED = 1024;
const repeated = /* @__PURE__ */ new Map<string, Repeated>();
let last: { _next: Repeated | undefined } = { _next: undefined };

/** True for a string that is short enough to be cached. */
export function isShort(value: string): boolean {
  return value.length <= SHORT_TEXT;
}

/** Looks up a short string that is likely to come again, such as a span name or an attribute key, and caches it. */
export function intern(value: string): Repeated {
  let found = last._next;
  if (found === undefined || found._text !== value) {
    found = repeated.get(value) ?? remember(value);
    last._next = found;
  }
  last = found;
  return found;
}

function remember(value: string): Repeated {
  const { _at: start, _limit } = wire;
  // Lift the limit: a string that is cut here would stay cut in the cache.
  wire._limit = Number.POSITIVE_INFINITY;
  text(value);
  wire._limit = _limit;
  const _words = wordsFrom(start);
  const found = { _text: value, _words, _next: undefined, _value: undefined, _tag: 0, _pair: undefined };
  wire._at = start;
  // Clear the cache rather than evict entries: it fills up only if names contain ids, and then no eviction order helps.
  if (repeated.size === MAX_REPEATED) repeated.clear();
  repeated.set(value, found);
  return found;
}

/** Writes a string that is likely to come again. */
export function name(value: string): void {
  if (isShort(value)) copy(intern(value)._words);
  else text(value);
}
