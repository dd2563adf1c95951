import protobuf from 'protobufjs';

// The default nesting limit of parsers for C++ and Java. Collectors lose messages that exceed it.
const MAX_DEPTH = 100;

const WIRE_TYPES: Readonly<Record<string, number>> = {
  bool: 0,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  double: 1,
  fixed64: 1,
  string: 2,
  bytes: 2,
  fixed32: 5,
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads `bytes` as a message of `type` and throws for errors that a lenient parser would ignore: unknown fields, wrong
 * wire types, a second value for a singular field (or oneof), strings that are not UTF-8, numbers beyond their type,
 * unknown enum values, and anything that ends early. The error names the path to the field.
 *
 * Lengths and tags that are longer than necessary are valid protobuf and are accepted.
 */
export function checkWire(bytes: Uint8Array, type: protobuf.Type): void {
  checkMessage(bytes, type, type.name, 1);
}

function checkMessage(bytes: Uint8Array, type: protobuf.Type, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error(`${path}: more than ${MAX_DEPTH} messages deep`);
  const cursor = new Cursor(bytes);
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  while (!cursor.atEnd()) {
    const tag = cursor.varint(`${path}: tag`);
    const field = type.fieldsById[Number(tag >> 3n)];
    const wireType = Number(tag & 7n);
    if (field === undefined || tag > 0xffffffffn) {
      throw new Error(`${path}: unknown field ${tag >> 3n} of wire type ${wireType}`);
    }
    let at = `${path}.${field.name}`;
    const { resolvedType } = field;
    const scalar = resolvedType instanceof protobuf.Enum ? 'enum' : field.type;
    const expected = scalar === 'enum' ? 0 : resolvedType === null ? WIRE_TYPES[scalar] : 2;
    if (expected === undefined) throw new Error(`${at}: this check does not know the type ${scalar}`);
    if (wireType !== expected) throw new Error(`${at}: wire type ${wireType} instead of ${expected}`);
    if (field.repeated) {
      const index = counts.get(field.name) ?? 0;
      counts.set(field.name, index + 1);
      at += `[${index}]`;
    } else {
      const slot = field.partOf?.name ?? field.name;
      if (seen.has(slot)) throw new Error(`${at}: a second value for ${slot}`);
      seen.add(slot);
    }
    if (expected === 0) {
      checkNumber(cursor.varint(at), scalar, resolvedType, at);
    } else if (expected === 2) {
      const content = cursor.take(cursor.length(at), at);
      if (resolvedType instanceof protobuf.Type) checkMessage(content, resolvedType, at, depth + 1);
      else if (scalar === 'string') checkText(content, at);
    } else {
      cursor.take(expected === 1 ? 8 : 4, at);
    }
  }
}

function checkNumber(value: bigint, scalar: string, type: protobuf.ReflectionObject | null, path: string): void {
  const valid =
    type instanceof protobuf.Enum
      ? Object.hasOwn(type.valuesById, String(value))
      : scalar === 'bool'
        ? value <= 1n
        : scalar === 'uint32'
          ? value <= 0xffffffffn
          : true;
  if (!valid) throw new Error(`${path}: ${value} is no ${type?.name ?? scalar}`);
}

function checkText(content: Uint8Array, path: string): void {
  try {
    utf8.decode(content);
  } catch {
    throw new Error(`${path}: not UTF-8`);
  }
}

class Cursor {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  atEnd(): boolean {
    return this.position === this.bytes.length;
  }

  varint(path: string): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1, path)[0];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> 64n !== 0n) break;
        return value;
      }
    }
    throw new Error(`${path}: a varint of more than 64 bits`);
  }

  length(path: string): number {
    return Number(this.varint(path));
  }

  take(length: number, path: string): Uint8Array {
    const end = this.position + length;
    if (end > this.bytes.length) {
      throw new Error(`${path}: ends early, ${length} bytes wanted, ${this.bytes.length - this.position} left`);
    }
    const content = this.bytes.subarray(this.position, end);
    this.position = end;
    return content;
  }
}
