import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  bigVarint,
  blob,
  close,
  copy,
  double,
  ensure,
  intern,
  isFull,
  name,
  reserve,
  save,
  select,
  setLimits,
  text,
  type WireBuffer,
  wire,
  wordsFrom,
  varint as writeVarint,
} from '../../../src/export/otlp/protobuf.ts';

/** A value to write. */
type Part =
  | { kind: 'text'; value: string }
  | { kind: 'name'; value: string }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'varint'; value: number }
  | { kind: 'bigVarint'; value: bigint }
  | { kind: 'double'; value: number }
  | { kind: 'nested'; value: Part[] };

test('any values in any order are encoded correctly, however small the buffer was', () => {
  fc.assert(
    fc.property(fc.array(part(), { maxLength: 12 }), fc.integer({ min: 1, max: 300 }), (parts, capacity) => {
      const to = bufferOf(capacity);
      write(parts);
      assert.deepEqual(written(to), reference(parts));
    }),
    { numRuns: 500 },
  );
});

describe('a length before its content', () => {
  // Up to the largest number that four bytes hold. From 2^21 on, the fourth byte is needed.
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 24]) {
    for (const reserved of [1, 2, 4]) {
      test(`is right for ${length} bytes, with ${reserved} reserved`, () => {
        const to = bufferOf(length + 128);
        const start = reserve(reserved);
        to._bytes.fill(7, start, start + length);
        reserve(length);
        close(start, reserved);
        // Padding the varint with further groups does not change its value.
        const size = Math.max(reserved, varint(BigInt(length)).length);
        const groups = Array.from({ length: size }, (_, at) => Math.floor(length / 128 ** at) % 128);
        const expected = groups.map((group, at) => (at < size - 1 ? group | 0x80 : group));
        const came = Buffer.from(written(to));
        assert.deepEqual([...came.subarray(0, size)], expected);
        assert.equal(came.length, size + length);
        assert.ok(came.subarray(size).every((byte) => byte === 7));
      });
    }
  }
});

test('an integer between -2^53 and 2^53 is a varint, of ten bytes if it is negative', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeInteger(),
        edge(),
        edge().map((value) => -value),
      ),
      (value) => {
        const to = bufferOf(100);
        writeVarint(value);
        assert.deepEqual(written(to), varint(BigInt.asUintN(64, BigInt(value))));
      },
    ),
  );
});

test('a 64-bit integer is a varint of its two’s complement', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      const to = bufferOf(100);
      bigVarint(value);
      assert.deepEqual(written(to), varint(BigInt.asUintN(64, value)));
    }),
  );
});

test('a string is truncated at the space allowed, never within a character', () => {
  for (const [whole, allowed, expected] of [
    ['a'.repeat(1_000), 100, 'a'.repeat(100)],
    ['😀'.repeat(500), 100, '😀'.repeat(25)],
    [`a${'😀'.repeat(500)}`, 100, `a${'😀'.repeat(24)}`],
    ['é'.repeat(500), 99, 'é'.repeat(49)],
    ['a'.repeat(100), 101, 'a'.repeat(100)],
    ['a'.repeat(100), 0, ''],
  ] as const) {
    for (const put of [text, name]) {
      const to = bufferOf(100);
      // The length prefix uses space, too.
      setLimits(allowed + (whole.length < 0x80 ? 1 : 2), 1_000);
      put(whole);
      assert.equal(wire._isCut, expected.length < whole.length);
      assert.equal(new TextDecoder().decode(contentOf(to)), expected);
    }
  }
});

test('a string is truncated at its own limit, independently of the total space', () => {
  for (const put of [text, (value: string) => blob(new TextEncoder().encode(value))]) {
    const to = bufferOf(100);
    setLimits(1_000, 100);
    put('x'.repeat(100));
    assert.deepEqual([wire._isCut, wire._isOver], [false, false]);
    put('y'.repeat(101));
    assert.deepEqual([wire._isCut, wire._isOver], [true, false]);
    assert.equal(new TextDecoder().decode(contentOf(to)).replaceAll(/[^y]/g, ''), 'y'.repeat(100));
    setLimits(50, 100);
    put('z'.repeat(101));
    assert.deepEqual([wire._isCut, wire._isOver, isFull()], [true, true, true]);
  }
});

test('bytes are truncated at the space allowed', () => {
  for (const allowed of [100, 0]) {
    const to = bufferOf(100);
    setLimits(allowed, 1_000);
    blob(new Uint8Array(1_000).fill(3));
    assert.equal(wire._isCut, true);
    assert.deepEqual([...contentOf(to)], new Array(allowed).fill(3));
  }
});

test('copied bytes are the same at any offset', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 127 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 9 }), (content, offset) => {
      const to = bufferOf(1);
      reserve(offset);
      const start = reserve(0);
      blob(content);
      const words = wordsFrom(start);
      const one = written(to).slice(start);
      for (let times = 0; times < 20; times++) copy(words);
      assert.deepEqual(written(to).slice(start), new Array(21).fill(one).flat());
    }),
  );
});

test('names are found correctly even if there are more of them than are kept', () => {
  for (let round = 0; round < 3; round++) {
    for (let each = 0; each < 1_500; each++) assert.equal(intern(`name ${each}`)._text, `name ${each}`);
    assert.equal(intern('name 7')._text, 'name 7');
  }
});

test('a name that first occurs when no space is left is still kept whole', () => {
  const to = bufferOf(1);
  select(to);
  setLimits(0, 1000);
  intern('ключ');
  setLimits(1000, 1000);
  name('ключ');
  save(to);
  assert.deepEqual(Buffer.from(to._bytes.subarray(1, to._length)).toString(), 'ключ');
});

test('alternating between two buffers keeps the content of both', () => {
  const [first, second] = [bufferOf(1), bufferOf(1)];
  for (let round = 0; round < 100; round++) {
    select(first);
    text('first');
    select(second);
    text('other');
  }
  for (const [buffer, expected] of [
    [first, 'first'],
    [second, 'other'],
  ] as const) {
    const one = delimited(new TextEncoder().encode(expected));
    assert.deepEqual(written(buffer), new Array(100).fill(one).flat());
  }
});

function bufferOf(capacity: number): WireBuffer {
  const memory = new Uint8Array(capacity);
  const buffer: WireBuffer = { _bytes: memory, _view: new DataView(memory.buffer), _length: 0 };
  select(buffer);
  setLimits(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  ensure(0);
  save(buffer);
  return buffer;
}

/** Returns the content after a length prefix. */
function contentOf(to: WireBuffer): Uint8Array {
  const bytes = written(to);
  return Uint8Array.from(bytes.slice(bytes.findIndex((byte) => byte < 0x80) + 1));
}

function written(to: WireBuffer): number[] {
  select(to);
  save(to);
  return [...to._bytes.subarray(0, to._length)];
}

function write(parts: readonly Part[]): void {
  for (const part of parts) {
    ensure(0);
    if (part.kind === 'text') text(part.value);
    if (part.kind === 'name') name(part.value);
    if (part.kind === 'bytes') blob(part.value);
    if (part.kind === 'varint') writeVarint(part.value);
    if (part.kind === 'bigVarint') bigVarint(part.value);
    if (part.kind === 'double') double(part.value);
    if (part.kind === 'nested') {
      const start = reserve(1);
      write(part.value);
      close(start, 1);
    }
  }
}

function reference(parts: readonly Part[]): number[] {
  return parts.flatMap(({ kind, value }) => {
    if (kind === 'text' || kind === 'name') return delimited(new TextEncoder().encode(value));
    if (kind === 'bytes') return delimited(value);
    if (kind === 'double') return [...new Uint8Array(Float64Array.of(value).buffer)];
    if (kind === 'nested') return delimited(reference(value));
    return varint(BigInt.asUintN(64, BigInt(value)));
  });
}

function delimited(content: Iterable<number>): number[] {
  const bytes = [...content];
  return [...varint(BigInt(bytes.length)), ...bytes];
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

function part(): fc.Arbitrary<Part> {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 70 }),
    fc.string({ unit: fc.integer({ min: 0xd7fe, max: 0xe001 }).map((unit) => String.fromCharCode(unit)) }),
    fc
      .tuple(fc.constantFrom('a', 'é', '…', '😀'), fc.constantFrom(31, 32, 42, 43, 63, 64, 127, 128, 5_462, 16_384))
      .map(([unit, length]) => unit.repeat(length)),
  );
  return fc.letrec<{ part: Part }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 5 },
      fc.record({ kind: fc.constant('text' as const), value }),
      fc.record({ kind: fc.constant('name' as const), value }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ kind: fc.constant('varint' as const), value: fc.oneof(fc.maxSafeInteger(), edge()) }),
      fc.record({
        kind: fc.constant('bigVarint' as const),
        value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      }),
      fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
      fc.record({
        kind: fc.constant('nested' as const),
        value: fc.array(tie('part'), { maxLength: 5 }),
      }),
    ),
  })).part;
}

/** Numbers at which a varint grows, and at which its loop changes from division to shifts. */
function edge(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.constantFrom(0, 7, 14, 21, 28, 31, 32, 35, 42, 49, 53), fc.constantFrom(-1, 0, 1))
    .map(([bits, offset]) => Math.min(Math.max(2 ** bits + offset, 0), Number.MAX_SAFE_INTEGER));
}
