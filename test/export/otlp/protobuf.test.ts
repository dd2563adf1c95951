import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  begin,
  bigVarint,
  bytes,
  double,
  end,
  ensure,
  fillLength,
  name,
  text,
  valueText,
  type WireBuffer,
  varint as writeVarint,
} from '../../../src/export/otlp/protobuf.ts';

/** Something to write, and what it looks like. */
type Part =
  | { kind: 'text'; value: string }
  | { kind: 'name'; value: string }
  | { kind: 'attribute'; value: [key: string, value: string] }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'varint'; value: number }
  | { kind: 'bigVarint'; value: bigint }
  | { kind: 'double'; value: number }
  | { kind: 'nested'; value: Part[]; reserved: number };

test('whatever is written in whatever order comes out as the format has it, however small the buffer was', () => {
  fc.assert(
    fc.property(fc.array(part(), { maxLength: 12 }), fc.integer({ min: 1, max: 300 }), (parts, capacity) => {
      const to = bufferOf(capacity);
      ensure(to, 0);
      write(to, parts);
      assert.deepEqual(written(to), reference(parts));
    }),
    { numRuns: 500 },
  );
});

describe('a length in front of its content', () => {
  // 2^21 is where a fourth byte is needed.
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21]) {
    for (const reserved of [1, 2]) {
      test(`is right for ${length} bytes, ${reserved} reserved`, () => {
        const to = bufferOf(length + 128);
        const start = begin(to, reserved);
        to._bytes.fill(7, start, start + length);
        to._length += length;
        assert.equal(end(to, start, reserved), length);
        assert.equal(to._length, varint(BigInt(length)).length + length);
        assert.deepEqual(
          Buffer.compare(
            Buffer.from(to._bytes.subarray(0, to._length)),
            Buffer.from(delimited(Buffer.alloc(length, 7))),
          ),
          0,
        );
      });
    }
  }

  // Up to the largest number that four bytes hold.
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1]) {
    test(`is filled in afterwards, in four bytes, for ${length}`, () => {
      const to = bufferOf(4);
      const start = begin(to, 4);
      to._length += length;
      fillLength(to, start);
      const groups = [0, 1, 2, 3].map((at) => Math.floor(length / 128 ** at) % 128);
      assert.deepEqual([...to._bytes], [groups[0] | 0x80, groups[1] | 0x80, groups[2] | 0x80, groups[3]]);
      assert.equal(to._length, 4 + length);
    });
  }
});

test('a whole number between -2^53 and 2^53 is a varint, of ten bytes where it is negative', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeInteger(),
        edge(),
        edge().map((value) => -value),
      ),
      (value) => {
        const to = bufferOf(100);
        writeVarint(to, value);
        assert.deepEqual(written(to), varint(BigInt.asUintN(64, BigInt(value))));
      },
    ),
  );
});

test('a 64-bit integer is a varint of its two’s complement', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      const to = bufferOf(100);
      bigVarint(to, value);
      assert.deepEqual(written(to), varint(BigInt.asUintN(64, value)));
    }),
  );
});

test('a text beyond the limit is cut there, before a surrogate pair that would be split', () => {
  for (const [whole, limit, expected] of [
    ['a'.repeat(1_000), 100, 'a'.repeat(100)],
    ['😀'.repeat(500), 100, '😀'.repeat(50)],
    [`a${'😀'.repeat(500)}`, 100, `a${'😀'.repeat(49)}`],
    ['a'.repeat(100), 100, 'a'.repeat(100)],
  ] as const) {
    for (const put of [text, name]) {
      const to = bufferOf(100);
      to._textLimit = limit;
      put(to, whole);
      assert.deepEqual(written(to), delimited(new TextEncoder().encode(expected)));
    }
  }
});

test('bytes beyond the limit are cut there', () => {
  const to = bufferOf(100);
  to._textLimit = 100;
  bytes(to, new Uint8Array(1_000).fill(3));
  assert.deepEqual(written(to), delimited(new Uint8Array(100).fill(3)));
});

test('a value that a key had the last time, too, is the same again, and the next one its own', () => {
  const pairs = [
    ['a', 'x'],
    ['b', 'x'],
    ['a', 'x'],
    ['b', 'y'],
    ['a', 'x'],
    ['b', 'y'],
    ['x', 'a'],
    ['a', 'a'],
    ['a', 'a'],
    ['a', ''],
    ['a', ''],
    ['', ''],
    ['a', 'é'.repeat(42)],
    ['a', 'é'.repeat(42)],
    ['a', '\ud800'],
    ['a', '\ud800'],
    ['a', 'z'.repeat(43)],
    ['a', 'z'.repeat(43)],
    ['a', 'x'],
  ] as const;
  const to = bufferOf(8_192);
  const expected: number[] = [];
  for (const round of ['first', 'second', 'third']) {
    for (const [key, value] of pairs) {
      name(to, key);
      // What stands between a key and its value.
      to._bytes[to._length++] = 0x12;
      valueText(to, key, value);
      expected.push(...reference([{ kind: 'name', value: key }]), 0x12, ...reference([{ kind: 'text', value }]));
      assert.deepEqual(written(to), expected, `${round} ${JSON.stringify([key, value])}`);
    }
  }
});

test('what would need more than 8 MiB is refused before memory is taken', () => {
  const to = bufferOf(100);
  assert.throws(() => ensure(to, 8 * 1024 * 1024), /too large/);
  assert.equal(to._bytes.length, 100);
});

function bufferOf(capacity: number): WireBuffer {
  const memory = new Uint8Array(capacity);
  return { _bytes: memory, _view: new DataView(memory.buffer), _length: 0, _textLimit: Number.POSITIVE_INFINITY };
}

function written(to: WireBuffer): number[] {
  return [...to._bytes.subarray(0, to._length)];
}

function write(to: WireBuffer, parts: readonly Part[]): void {
  for (const part of parts) {
    ensure(to, 16);
    if (part.kind === 'text') text(to, part.value);
    if (part.kind === 'name') name(to, part.value);
    if (part.kind === 'attribute') {
      const [key, value] = part.value;
      name(to, key);
      valueText(to, key, value);
    }
    if (part.kind === 'bytes') bytes(to, part.value);
    if (part.kind === 'varint') writeVarint(to, part.value);
    if (part.kind === 'bigVarint') bigVarint(to, part.value);
    if (part.kind === 'double') double(to, part.value);
    if (part.kind === 'nested') {
      const start = begin(to, part.reserved);
      write(to, part.value);
      end(to, start, part.reserved);
    }
  }
}

function reference(parts: readonly Part[]): number[] {
  return parts.flatMap(({ kind, value }) => {
    if (kind === 'text' || kind === 'name') return delimited(new TextEncoder().encode(value));
    if (kind === 'attribute') return value.flatMap((each) => delimited(new TextEncoder().encode(each)));
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
      // Few of each, so that a key comes with the value that it had before.
      fc.record({
        kind: fc.constant('attribute' as const),
        value: fc.tuple(fc.oneof(fc.constantFrom('a', 'b'), value), fc.oneof(fc.constantFrom('a', 'b', ''), value)),
      }),
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
        reserved: fc.constantFrom(1, 2),
      }),
    ),
  })).part;
}

/** Where a varint grows, and where its loop changes from division to shifts. */
function edge(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.constantFrom(0, 7, 14, 21, 28, 31, 32, 35, 42, 49, 53), fc.constantFrom(-1, 0, 1))
    .map(([bits, offset]) => Math.min(Math.max(2 ** bits + offset, 0), Number.MAX_SAFE_INTEGER));
}
