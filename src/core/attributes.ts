import { report } from './diagnostic.ts';

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
export type StoredValue = string | number | boolean | bigint | Uint8Array | AttributeList | StoredValue[] | null;

// From here on a key is found by a map instead of a scan, so that raised limits stay linear.
const INDEX_FROM = 32;
// Bounds on one nested value: deeper or larger is refused, circular ones with it.
const MAX_DEPTH = 20;
const MAX_NODES = 10_000;

const INT64_MIN = /* @__PURE__ */ BigInt('-9223372036854775808');
const INT64_MAX = /* @__PURE__ */ BigInt('9223372036854775807');

/**
 * Attributes in the order in which their keys came, flat: `[key, value, key, value, …]`. An object with dynamic
 * keys would change its hidden class with every key, a Map costs an entry each; an array is appended to.
 */
export class AttributeList {
  readonly items: (string | StoredValue)[] = [];
  /** Attributes refused or beyond the limit. */
  dropped = 0;
  private index: Map<string, number> | undefined = undefined;

  /** Sets one attribute; the last value of a key wins. Never throws: what cannot be stored is counted. */
  set(key: string, value: unknown, countLimit: number, lengthLimit: number): void {
    if (typeof key !== 'string' || key === '') {
      this.refuse(key, 'its key is not a string with at least one character');
      return;
    }
    let stored: StoredValue;
    if (typeof value === 'string') {
      stored = value.length > lengthLimit ? cut(value, lengthLimit) : value;
    } else if (typeof value === 'number' || typeof value === 'boolean') {
      stored = value;
    } else if (value === undefined || value === null) {
      return;
    } else {
      const converted = convert(value, lengthLimit);
      if (converted === undefined) {
        this.refuse(key, `${describe(value)} cannot be an attribute value`);
        return;
      }
      stored = converted;
    }
    const items = this.items;
    const at = this.find(key);
    if (at !== -1) {
      items[at + 1] = stored;
    } else if (items.length < 2 * countLimit) {
      this.index?.set(key, items.length);
      items.push(key, stored);
    } else {
      // Once per span at most, so that a hundred thousand attributes do not build as many messages.
      if (this.dropped++ > 0) return;
      report(
        'attribute_limit',
        `attributes beyond the limit of ${countLimit} are dropped, the first was "${cut(key, 100)}": raise it in spanLimits`,
      );
    }
  }

  /** Sets each own and inherited enumerable property of `attributes`, as `for … in` sees them. */
  setAll(attributes: Attributes, countLimit: number, lengthLimit: number): void {
    // A text would be taken apart into its characters, ten million of them if it has as many.
    if (typeof attributes !== 'object' && attributes !== undefined) {
      this.refuse('', `attributes are an object and not a ${typeof attributes}`);
      return;
    }
    const { dropped } = this;
    // The try is for getters and proxies that throw; on the path without a throw it costs nothing measurable.
    try {
      for (const key in attributes) this.set(key, attributes[key], countLimit, lengthLimit);
    } catch {
      // They come a second time, and so do those among them that are refused.
      this.dropped = dropped;
      this.setEachReadable(attributes, countLimit, lengthLimit);
    }
  }

  /** The same one by one, leaving out the properties that throw. */
  private setEachReadable(attributes: Attributes, countLimit: number, lengthLimit: number): void {
    let keys: string[] = [];
    try {
      keys = Object.keys(attributes);
    } catch {
      this.refuse('', 'the attributes cannot be read');
    }
    for (const key of keys) {
      try {
        this.set(key, attributes[key], countLimit, lengthLimit);
      } catch {
        this.refuse(key, 'reading its value throws');
      }
    }
  }

  private find(key: string): number {
    const items = this.items;
    const length = items.length;
    if (length < 2 * INDEX_FROM) {
      for (let at = 0; at < length; at += 2) if (items[at] === key) return at;
      return -1;
    }
    if (this.index === undefined) {
      this.index = new Map();
      for (let at = 0; at < length; at += 2) this.index.set(items[at] as string, at);
    }
    return this.index.get(key) ?? -1;
  }

  private refuse(key: unknown, why: string): void {
    if (this.dropped++ > 0) return;
    report(
      'attribute_refused',
      `attribute ${typeof key === 'string' ? `"${cut(key, 100)}"` : typeof key} is left out: ${why}`,
    );
  }

  /** The attributes as an object, nested maps and arrays included. */
  toObject(): Attributes {
    const object: Attributes = {};
    for (let at = 0; at < this.items.length; at += 2) {
      // By definition and not by assignment: a key may be "__proto__".
      Object.defineProperty(object, this.items[at] as string, {
        value: plain(this.items[at + 1] as StoredValue),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }
}

function plain(value: StoredValue): AttributeValue | null {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof AttributeList ? (value.toObject() as AttributeValue) : value;
}

/** At most `length` UTF-16 code units of `text`, never half of a surrogate pair. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const next = text.charCodeAt(length);
  const splits = last >= 0xd800 && last < 0xdc00 && next >= 0xdc00 && next < 0xe000;
  return text.slice(0, splits ? length - 1 : length);
}

/** A word for a value in a warning; reads nothing of the value that could throw. */
function describe(value: unknown): string {
  return typeof value === 'object' ? 'an object that is circular, too large or cannot be read' : `a ${typeof value}`;
}

/** A copy of a compound value as it is stored; `undefined` where it cannot be. */
function convert(value: unknown, lengthLimit: number): StoredValue | undefined {
  const budget = { nodes: MAX_NODES };
  try {
    return convertWithin(value, lengthLimit, budget, 0);
  } catch {
    return undefined;
  }
}

function convertWithin(
  value: unknown,
  lengthLimit: number,
  budget: { nodes: number },
  depth: number,
): StoredValue | undefined {
  switch (typeof value) {
    case 'string':
      return cut(value, lengthLimit);
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value >= INT64_MIN && value <= INT64_MAX ? value : cut(value.toString(), lengthLimit);
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  // Thrown up to `convert`, which refuses the whole value: half a structure would mislead.
  if (depth > MAX_DEPTH || --budget.nodes < 0) throw new RangeError('too deep or too large');
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0, Math.min(value.byteLength, lengthLimit)));
  if (value instanceof Uint8Array) return Uint8Array.prototype.slice.call(value, 0, lengthLimit);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list: StoredValue[] = [];
    for (const element of value as unknown as Iterable<unknown>) {
      if (--budget.nodes < 0) throw new RangeError('too large');
      list.push(element === undefined ? null : (convertWithin(element, lengthLimit, budget, depth + 1) ?? null));
    }
    return list;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return convertWithin((value as { toJSON(): unknown }).toJSON(), lengthLimit, budget, depth + 1);
  }
  const map = new AttributeList();
  for (const key of Object.keys(value)) {
    if (--budget.nodes < 0) throw new RangeError('too large');
    const element = convertWithin((value as Record<string, unknown>)[key], lengthLimit, budget, depth + 1);
    if (element !== undefined) map.items.push(key, element);
  }
  return map;
}
