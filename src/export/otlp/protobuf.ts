/*
 * The wire format of protocol buffers, written in one pass: where a length comes before its content, a byte is
 * reserved, the content written, and moved only if its length needs more than that byte. A first pass to compute
 * sizes is 44 % of the cost of OpenTelemetry JS's serializer.
 *
 * All functions write to one place, a constant of this module: to pass it around would cost code. Nothing that is called
 * while it is written to may be the application's, which could end a span.
 *
 * Invariant: `ensure` and `blob` leave room for ROOM further bytes, `text` and `copy` for half of that at least, so that the
 * tags, varints and fixed-width fields between two of these calls, less than 100 bytes, are written without a check.
 */
const ROOM = 256;

/** What is written to, while something else is. */
export interface WireBuffer {
  _bytes: Uint8Array<ArrayBuffer>;
  _view: DataView<ArrayBuffer>;
  /** How many bytes have been written. */
  _length: number;
}

let current: WireBuffer | undefined;

/** The place that is written to. */
export const wire = {
  _bytes: /* @__PURE__ */ new Uint8Array(),
  _view: /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer()),
  /** Where the next byte goes. */
  _at: 0,
  /** Nothing is begun beyond this place, and no text reaches beyond it. */
  _limit: 0,
  /** No text is longer than so many bytes. */
  _longest: 0,
  /** True where something has been cut or left out. */
  _isCut: false,
  /** True where that was because all of it together was too much. */
  _isOver: false,
};

/** From here on, `buffer` is written to, behind what it holds. */
export function select(buffer: WireBuffer): void {
  if (buffer === current) return;
  if (current !== undefined) save(current);
  current = buffer;
  wire._bytes = buffer._bytes;
  wire._view = buffer._view;
  wire._at = buffer._length;
}

/** Lets go of what was written to last. */
export function release(): void {
  if (current !== undefined) save(current);
  current = undefined;
  wire._bytes = new Uint8Array();
  wire._view = new DataView(wire._bytes.buffer);
}

/** Makes the buffer that is written to say what it holds. */
export function save(buffer: WireBuffer): void {
  buffer._bytes = wire._bytes;
  buffer._view = wire._view;
  buffer._length = wire._at;
}

/** Allows for `size` bytes of what comes, and for so many of each text. */
export function allow(size: number, ofText: number): void {
  wire._limit = wire._at + size;
  wire._longest = ofText;
  if (wire._isCut) wire._isCut = wire._isOver = false;
}

/** True where as much has been written as is allowed: what would come is left out. */
export function isFull(): boolean {
  if (wire._at < wire._limit) return false;
  wire._isCut = wire._isOver = true;
  return true;
}

/** Goes back to where something was begun that is not to be there. */
export function back(start: number): void {
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

/** Goes on in other memory, which holds what has been written. */
export function moveTo(bytes: Uint8Array<ArrayBuffer>): void {
  // Both or none, should the stack end here.
  const view = new DataView(bytes.buffer);
  wire._bytes = bytes;
  wire._view = view;
}

export function byte(value: number): void {
  wire._bytes[wire._at++] = value;
}

/** Leaves `size` bytes to be filled in; returns where they end. */
export function skip(size: number): number {
  wire._at += size;
  return wire._at;
}

/** A whole number between -2^53 and 2^53; negative ones take ten bytes, as the format has it. */
export function varint(value: number): void {
  let rest = value;
  // Nine groups of 7 bits leave of a negative number the topmost of its 64, its sign.
  for (let group = 0; value < 0 ? group < 9 : rest > 0x7f; group++) {
    byte((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  byte(value < 0 ? 1 : rest);
}

/** A 64-bit integer, signed or not. */
export function bigVarint(value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) byte(Number(rest & 0x7fn) | 0x80);
  byte(Number(rest));
}

export function double(value: number): void {
  wire._view.setFloat64(skip(8) - 8, value, true);
}

/**
 * Fills in the length of what stands from `start` to the end, for which `reserved` bytes were left; where it needs more,
 * the content moves. One that needs less is filled up with bytes that add nothing, which decoders take (Perfetto writes
 * all its lengths so): that way a batch is sealed where it stands.
 */
export function close(start: number, reserved: number): void {
  const length = wire._at - start;
  // Most are short: 2 ns for each of the twenty of a span (Node 20).
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

// Up to here the length of a text of ASCII characters takes one byte, and a loop over the code units beats
// TextEncoder (20 characters: 37 ns against 53, Node 20). Texts that repeat are kept up to here, too.
const SHORT_TEXT = 42;

const encoder = /* @__PURE__ */ new TextEncoder();

/** A string, with its length in front; lone surrogates become U+FFFD. */
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
  // As long as a text is ASCII this is the size of its length; then nothing moves.
  const reserved = length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
  const start = skip(reserved);
  const room = roomFor(3 * length);
  const { read, written } = encoder.encodeInto(value, wire._bytes.subarray(start, start + room));
  if (read < length) cutTo(room);
  wire._at += written;
  close(start, reserved);
}

/** Bytes, with their length in front. */
export function blob(value: Uint8Array): void {
  const part = value.subarray(0, roomFor(value.length));
  if (part.length < value.length) cutTo(part.length);
  varint(part.length);
  wire._bytes.set(part, wire._at);
  wire._at += part.length;
}

/** Makes room for `size` bytes, or for as many as are allowed; returns which. */
function roomFor(size: number): number {
  const room = Math.max(Math.min(size, wire._longest, wire._limit - wire._at), 0);
  ensure(room);
  return room;
}

function cutTo(room: number): void {
  wire._isCut = true;
  if (room < wire._longest) wire._isOver = true;
}

/** Bytes that are likely to come again: how many, then the 32-bit words that hold them. */
type Words = readonly number[];

/** The bytes from `start` to the end. */
export function wordsFrom(start: number): Words {
  const words = [wire._at - start];
  for (let from = start; from < wire._at; from += 4) words.push(wire._view.getInt32(from, true));
  return words;
}

/** Writes bytes that have been here before: DataView writes a word in the time of a byte. */
export function copy(words: Words): void {
  ensure(0);
  const out = wire._view;
  // The last word may reach over the end: what it writes there is written over by what follows.
  for (let word = 1, to = wire._at; word < words.length; word++, to += 4) out.setInt32(to, words[word], true);
  wire._at += words[0];
}

/** A name or key, with what is known of it. */
export interface Repeated {
  readonly _text: string;
  /** Its bytes, with their length in front. */
  readonly _words: Words;
  /** What came after this one the last time: it mostly comes again, and is found without the map. */
  _next: Repeated | undefined;
  /** Of an attribute's key: the value it had the last time … */
  _value: unknown;
  /** … the tag in front of it … */
  _tag: number;
  /** … and all of it as it is written, once it has come twice. */
  _pair: Words | undefined;
}

const MAX_REPEATED = 1024;
const repeated = /* @__PURE__ */ new Map<string, Repeated>();
let last: { _next: Repeated | undefined } = { _next: undefined };

/** True for what is not too long to be kept. */
export function isShort(value: string): boolean {
  return value.length <= SHORT_TEXT;
}

/** What is known of a string that is likely to come again and is short: a span's name, an attribute's key. */
export function find(value: string): Repeated {
  let found = last._next;
  if (found === undefined || found._text !== value) {
    found = repeated.get(value) ?? remember(value);
    last._next = found;
  }
  last = found;
  return found;
}

// A small integer, as all limits are: another kind of number would make each of them slower.
const UNLIMITED = 2 ** 30 - 1;

function remember(value: string): Repeated {
  const { _at: start, _limit } = wire;
  // Whole, wherever it stands: what is cut here would be cut for ever.
  wire._limit = UNLIMITED;
  text(value);
  wire._limit = _limit;
  const _words = wordsFrom(start);
  const found = { _text: value, _words, _next: undefined, _value: undefined, _tag: 0, _pair: undefined };
  wire._at = start;
  // Emptied and not aged: it fills up only where names are made of ids, and then no order of eviction helps.
  if (repeated.size === MAX_REPEATED) repeated.clear();
  repeated.set(value, found);
  return found;
}

/** A string that is likely to come again. */
export function name(value: string): void {
  if (isShort(value)) copy(find(value)._words);
  else text(value);
}
