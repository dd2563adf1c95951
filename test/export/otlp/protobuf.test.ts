import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProtobufWriter, varintSize } from '../../../src/export/otlp/protobuf.ts';

/** Something to write, and what it looks like. */
type Part =
  | { kind: 'text'; value: string }
  | { kind: 'name'; value: string }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'varint'; value: number }
  | { kind: 'varint64'; value: bigint }
  | { kind: 'nested'; value: Part[] };

test('whatever is written in whatever order comes out as the format has it, however small the buffer was', () => {
  fc.assert(
    fc.property(fc.array(part(), { maxLength: 12 }), fc.integer({ min: 1, max: 300 }), (parts, capacity) => {
      const writer = new ProtobufWriter(new Uint8Array(capacity));
      writer.ensure(0);
      write(writer, parts);
      assert.deepEqual([...writer.bytes.subarray(0, writer.position)], reference(parts));
    }),
    { numRuns: 500 },
  );
});

describe('a length in front of its content', () => {
  // 2^21 is where a fourth byte is needed.
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21]) {
    test(`is right for ${length} bytes`, () => {
      const writer = new ProtobufWriter(new Uint8Array(length + 128));
      const start = writer.open();
      writer.position += length;
      writer.close(start);
      const header = varint(BigInt(length));
      assert.deepEqual([...writer.bytes.subarray(0, header.length)], header);
      assert.equal(writer.position, header.length + length);
    });
  }
});

test('a number from 0 to 2^53 is a varint of the size foretold', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), edge()), (value) => {
      const writer = new ProtobufWriter(new Uint8Array(100));
      writer.varint(value);
      assert.deepEqual([...writer.bytes.subarray(0, writer.position)], varint(BigInt(value)));
      assert.equal(varintSize(value), writer.position);
    }),
  );
});

test('the halves of a 64-bit integer are a varint of its two’s complement', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const writer = new ProtobufWriter(new Uint8Array(100));
      writer.varint64(Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
      assert.deepEqual([...writer.bytes.subarray(0, writer.position)], varint(BigInt.asUintN(64, value)));
    }),
  );
});

test('a text beyond the limit is cut there, before a surrogate pair that would be split', () => {
  for (const [text, limit, expected] of [
    ['a'.repeat(1_000), 100, 'a'.repeat(100)],
    ['😀'.repeat(500), 100, '😀'.repeat(50)],
    [`a${'😀'.repeat(500)}`, 100, `a${'😀'.repeat(49)}`],
    ['a'.repeat(100), 100, 'a'.repeat(100)],
  ] as const) {
    const writer = new ProtobufWriter(new Uint8Array(100));
    writer.textLimit = limit;
    writer.text(text);
    assert.deepEqual([...writer.bytes.subarray(0, writer.position)], delimited(new TextEncoder().encode(expected)));
  }
});

test('what would need more than 8 MiB is refused before memory is taken', () => {
  const writer = new ProtobufWriter(new Uint8Array(100));
  assert.throws(() => writer.ensure(8 * 1024 * 1024), /too large/);
  assert.equal(writer.bytes.length, 100);
});

function write(writer: ProtobufWriter, parts: readonly Part[]): void {
  for (const { kind, value } of parts) {
    writer.ensure(16);
    if (kind === 'text') writer.text(value);
    if (kind === 'name') writer.name(value);
    if (kind === 'bytes') writer.lengthDelimited(value);
    if (kind === 'varint') writer.varint(value);
    if (kind === 'varint64') writer.varint64(Number(value >> 32n), Number(BigInt.asUintN(32, value)));
    if (kind === 'nested') {
      const start = writer.open();
      write(writer, value);
      writer.close(start);
    }
  }
}

function reference(parts: readonly Part[]): number[] {
  return parts.flatMap(({ kind, value }) => {
    if (kind === 'text' || kind === 'name') return delimited(new TextEncoder().encode(value));
    if (kind === 'bytes') return delimited(value);
    if (kind === 'nested') return delimited(reference(value));
    return varint(BigInt(value));
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
      fc.record({ kind: fc.constant('varint' as const), value: fc.oneof(fc.maxSafeNat(), edge()) }),
      fc.record({ kind: fc.constant('varint64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
      fc.record({ kind: fc.constant('nested' as const), value: fc.array(tie('part'), { maxLength: 5 }) }),
    ),
  })).part;
}

/** Where a varint grows, and where its loop changes from division to shifts. */
function edge(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.constantFrom(0, 7, 14, 21, 28, 31, 32, 35, 42, 49, 53), fc.constantFrom(-1, 0, 1))
    .map(([bits, offset]) => Math.min(Math.max(2 ** bits + offset, 0), Number.MAX_SAFE_INTEGER));
}
