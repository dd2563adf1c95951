import { report } from './diagnostic.ts';
import { cut, textOf } from './text.ts';

/**
 * What an attribute can hold: OTLP's `AnyValue`. Safe integers leave as 64-bit integers, all other numbers as
 * doubles, a `bigint` beyond 64 bits as a string. Objects become maps (through `toJSON` where they have one),
 * `Uint8Array` and `ArrayBuffer` bytes. `null` and `undefined` set nothing.
 */
export type AttributeValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | ArrayBuffer
  | readonly (AttributeValue | null | undefined)[]
  | { readonly [key: string]: AttributeValue | null | undefined };

/** Attributes by key. A key is a string that is not empty. */
export interface Attributes {
  [key: string]: AttributeValue | null | undefined;
}

/** A value as it is stored: checked, copied, cut to length. */
export type StoredValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | null
  | StoredValue[]
  | { [key: string]: StoredValue };

/**
 * Attributes in the order in which their keys came, flat: `[key, value, key, value, …]`. An object with dynamic
 * keys would change its hidden class with every key, a Map costs an entry each; an array is appended to.
 */
export type AttributeList = StoredValue[] & {
  /** Attributes refused or beyond the limit; there once there are such. */
  _dropped?: number;
  /** Where each key is; there once a scan would be slow. */
  _index?: Map<StoredValue, number>;
};

// From this length on a key is found by a map instead of a scan, so that raised limits stay linear.
const INDEXED_LENGTH = 64;
// Bounds on one nested value: deeper or larger is refused, circular ones with it.
const MAX_DEPTH = 20;
const MAX_NODES = 10_000;

/** Sets one attribute; the last value of a key wins. Never throws: what cannot be stored is counted. */
export function setAttribute(
  list: AttributeList,
  key: string,
  value: unknown,
  countLimit: number,
  lengthLimit: number,
): void {
  let stored: StoredValue | undefined;
  if (typeof value === 'string') {
    stored = value.length > lengthLimit ? cut(value, lengthLimit) : value;
  } else if (typeof value === 'number' || typeof value === 'boolean') {
    stored = value;
  } else {
    if (value === undefined || value === null) return;
    stored = copyOf(value, lengthLimit);
  }
  if (stored === undefined || typeof key !== 'string' || key === '') {
    drop(list, 'attribute_refused', key);
    return;
  }
  const { length } = list;
  let at = 0;
  if (length >= INDEXED_LENGTH) at = findByIndex(list, key);
  else while (at < length && list[at] !== key) at += 2;
  if (at < length) list[at + 1] = stored;
  else if (length < 2 * countLimit) list.push(key, stored);
  else drop(list, 'attribute_limit', key);
}

/** Sets each own and inherited enumerable property of `attributes`, as `for … in` sees them. Never throws. */
export function setAttributes(
  list: AttributeList,
  attributes: Attributes,
  countLimit: number,
  lengthLimit: number,
): void {
  // A text would be taken apart into its characters, ten million of them if it has as many.
  if (typeof attributes !== 'object') {
    if (attributes !== undefined) drop(list, 'attribute_refused', attributes);
    return;
  }
  try {
    for (const key in attributes) {
      let value: unknown;
      // For getters that throw: one must not take the others with it.
      try {
        value = attributes[key];
      } catch {
        // A function: it is refused.
        value = drop;
      }
      setAttribute(list, key, value, countLimit, lengthLimit);
    }
  } catch {
    // A proxy that does not say what it holds.
    drop(list, 'attribute_refused', '');
  }
}

/** Where the key is; the end of the list where it is not. */
function findByIndex(list: AttributeList, key: string): number {
  list._index ??= new Map();
  for (let at = 2 * list._index.size; at < list.length; at += 2) list._index.set(list[at], at);
  return list._index.get(key) ?? list.length;
}

/** Counts an attribute that is left out, and says so once a list: a hundred thousand must not build as many messages. */
function drop(list: AttributeList, code: string, key: unknown): void {
  list._dropped = droppedOf(list) + 1;
  if (list._dropped === 1) report(code, JSON.stringify(cut(textOf(key), 100)));
}

/** How many attributes have been left out. */
export function droppedOf(list: AttributeList | undefined): number {
  return list?._dropped ?? 0;
}

/** Attributes to which no limits apply, as those of a resource. */
export function attributeListOf(attributes: Attributes): AttributeList {
  const list: AttributeList = [];
  setAttributes(list, attributes, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return list;
}

/** The attributes as an object, which is the caller's. */
export function attributesOf(list: AttributeList = []): Attributes {
  const entries: [string, StoredValue][] = [];
  for (let at = 0; at < list.length; at += 2) entries.push([list[at] as string, list[at + 1]]);
  // By definition and not by assignment: a key may be "__proto__".
  return Object.fromEntries(entries) as Attributes;
}

// How many further values the one that is being copied may hold.
let room = 0;

/** A copy of a value of any kind; `undefined` where it cannot be stored. */
function copyOf(value: unknown, lengthLimit: number): StoredValue | undefined {
  room = MAX_NODES;
  try {
    return copyWithin(value, lengthLimit, 0);
  } catch {
    return undefined;
  }
}

/** Throws where the whole is too deep or too large: half a structure would mislead. */
function copyWithin(value: unknown, lengthLimit: number, depth: number): StoredValue | undefined {
  if (--room < 0) throw new RangeError();
  const copy = (inner: unknown) => copyWithin(inner, lengthLimit, depth + 1);
  switch (typeof value) {
    case 'string':
      return cut(value, lengthLimit);
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? value : copy(String(value));
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (depth > MAX_DEPTH) throw new RangeError();
  if (value instanceof ArrayBuffer) return copy(new Uint8Array(value));
  if (value instanceof Uint8Array) return new Uint8Array(value.subarray(0, lengthLimit));
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list: StoredValue[] = [];
    for (const element of value as unknown as Iterable<unknown>) list.push(copy(element) ?? null);
    return list;
  }
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return copy(toJSON.call(value));
  const entries: [string, StoredValue][] = [];
  for (const key of Object.keys(value)) {
    const element = copy((value as Record<string, unknown>)[key]);
    if (element !== undefined) entries.push([key, element]);
  }
  return Object.fromEntries(entries);
}
