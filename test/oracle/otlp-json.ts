import protobuf from 'protobufjs';

/** How strictly OTLP JSON is read. */
export interface JsonReading {
  /**
   * `'string'`, the default, accepts 64-bit integers only as strings, as the specification requires. `'any'` also
   * accepts JSON numbers, which receivers tolerate and OpenTelemetry JS writes.
   */
  int64?: 'string' | 'any';
}

/** OTLP's exception from protobuf's JSON mapping: these fields are hex. */
const HEX_FIELDS: ReadonlySet<string> = new Set(['traceId', 'spanId', 'parentSpanId']);
const SPECIAL_DOUBLES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads a JSON value as a message of `type`, in the shape that protobufjs gives to decoded bytes: every field is
 * present, missing ones with their default. Throws for unknown fields, `null`, and values that OTLP JSON does not
 * allow: enums must be integers, ids upper-case or lower-case hex, other bytes base64.
 */
export function readJson(json: unknown, type: protobuf.Type, reading: JsonReading, path = type.name): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${path}: not an object`);
  const message: Record<string, unknown> = {};
  for (const field of type.fieldsArray) if (field.partOf === null) message[field.name] = defaultOf(field);
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(json)) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    const at = `${path}.${name}`;
    if (field === undefined) throw new Error(`${at}: unknown field`);
    const slot = field.partOf?.name ?? field.name;
    if (seen.has(slot)) throw new Error(`${at}: a second value for ${slot}`);
    seen.add(slot);
    if (!field.repeated) {
      message[name] = readValue(value, field, reading, at);
    } else if (Array.isArray(value)) {
      message[name] = value.map((element, index) => readValue(element, field, reading, `${at}[${index}]`));
    } else {
      throw new Error(`${at}: not an array`);
    }
  }
  return message;
}

function defaultOf(field: protobuf.Field): unknown {
  if (field.repeated) return [];
  if (field.resolvedType instanceof protobuf.Type) return null;
  switch (field.type) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array(0);
    case 'bool':
      return false;
    case 'int64':
    case 'fixed64':
      return 0n;
    default:
      return 0;
  }
}

function readValue(json: unknown, field: protobuf.Field, reading: JsonReading, path: string): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return readJson(json, resolvedType, reading, path);
  const value = resolvedType instanceof protobuf.Enum ? readEnum(json, resolvedType) : readScalar(json, field, reading);
  if (value === undefined) {
    throw new Error(`${path}: ${JSON.stringify(json)} is no ${resolvedType?.name ?? field.type} in OTLP JSON`);
  }
  return value;
}

function readEnum(json: unknown, type: protobuf.Enum): number | undefined {
  return typeof json === 'number' && Object.hasOwn(type.valuesById, json) ? json : undefined;
}

/** Returns the value, or `undefined` if the JSON does not have the form that the field's type requires. */
function readScalar(json: unknown, field: protobuf.Field, reading: JsonReading): unknown {
  switch (field.type) {
    case 'string':
      return typeof json === 'string' && !LONE_SURROGATE.test(json) ? json : undefined;
    case 'bool':
      return typeof json === 'boolean' ? json : undefined;
    case 'double':
      return typeof json === 'number' ? json : SPECIAL_DOUBLES.get(json);
    case 'uint32':
    case 'fixed32':
      return typeof json === 'number' && json >>> 0 === json ? json : undefined;
    case 'int64':
      return readInteger(json, reading, (value) => BigInt.asIntN(64, value) === value);
    case 'fixed64':
      return readInteger(json, reading, (value) => BigInt.asUintN(64, value) === value);
    case 'bytes':
      return readBytes(json, HEX_FIELDS.has(field.name) ? 'hex' : 'base64');
    default:
      throw new Error(`${field.fullName}: this reader does not know the type ${field.type}`);
  }
}

function readInteger(json: unknown, reading: JsonReading, fits: (value: bigint) => boolean): bigint | undefined {
  const text = reading.int64 === 'any' && Number.isInteger(json) ? String(BigInt(json as number)) : json;
  if (typeof text !== 'string' || !/^(0|-?[1-9][0-9]*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return fits(value) ? value : undefined;
}

function readBytes(json: unknown, encoding: 'hex' | 'base64'): Uint8Array | undefined {
  if (typeof json !== 'string') return undefined;
  const bytes = Buffer.from(json, encoding);
  // Buffer skips invalid characters, so compare with what it would write.
  const valid = bytes.toString(encoding) === (encoding === 'hex' ? json.toLowerCase() : json);
  return valid ? new Uint8Array(bytes) : undefined;
}
