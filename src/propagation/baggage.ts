import { BAGGAGE_KEY, type Context, isTracingSuppressed, ROOT_CONTEXT } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { headerIn, MAX_HEADER_LENGTH, trimOws } from './header.ts';
import { percentDecoded, wellFormed } from './percent-encoding.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from './propagator.ts';

/** The entry that baggage holds under one key. */
export interface BaggageEntry {
  /** Any text. It is percent-encoded for sending. */
  readonly value: string;
  /** The properties after the value as they are sent: `key` or `key=value`, separated by semicolons. */
  readonly metadata?: {
    /** Returns the properties as text. */
    toString(): string;
  };
}

/**
 * Entries by key that travel with a request through all services it reaches. Immutable. Structurally the `Baggage`
 * of `@opentelemetry/api`. Entries do not become attributes automatically.
 *
 * Specification: OpenTelemetry, "Baggage API".
 */
export interface Baggage {
  /** Returns the entry under `key`, or `undefined`. */
  getEntry(key: string): BaggageEntry | undefined;
  /** Returns all entries with their keys, in order. */
  getAllEntries(): [string, BaggageEntry][];
  /** Returns new baggage with `entry` under `key`. Only HTTP tokens (RFC 9110, section 5.6.2) are sent as keys. */
  setEntry(key: string, entry: BaggageEntry): Baggage;
  /** Returns new baggage without `key`. */
  removeEntry(key: string): Baggage;
  /** Returns new baggage without any of `keys`. */
  removeEntries(...keys: string[]): Baggage;
  /** Returns new baggage without entries. */
  clear(): Baggage;
}

/** Creates baggage with these entries. Default: none. */
export function createBaggage(entries: Record<string, BaggageEntry> = {}): Baggage {
  try {
    // A string has entries too, one per character.
    return baggageOf(new Map(typeof entries === 'object' ? Object.entries(entries) : []));
  } catch {
    // A getter among the entries threw, or `entries` is `null`.
    return baggageOf(new Map());
  }
}

/** Returns the baggage of a context, or `undefined`. */
export function baggageIn(context: Context): Baggage | undefined {
  try {
    return context.getValue(BAGGAGE_KEY) as Baggage | undefined;
  } catch {
    return undefined;
  }
}

/** Returns a context with `baggage` in place of the baggage of the given one. */
export function contextWithBaggage(context: Context, baggage: Baggage): Context {
  try {
    return context.setValue(BAGGAGE_KEY, baggage);
  } catch {
    return ROOT_CONTEXT.setValue(BAGGAGE_KEY, baggage);
  }
}

/** Creates baggage from a map, which must not be changed afterwards. */
export function baggageOf(entries: ReadonlyMap<string, BaggageEntry>): Baggage {
  const removeEntries = (...keys: string[]): Baggage => {
    const rest = new Map(entries);
    for (const key of keys) rest.delete(key);
    return baggageOf(rest);
  };
  return {
    getEntry: (key) => entries.get(key),
    getAllEntries: () => [...entries],
    setEntry: (key, entry) => baggageOf(new Map(entries).set(key, entry)),
    removeEntry: removeEntries,
    removeEntries,
    clear: () => baggageOf(new Map()),
  };
}

const BAGGAGE = 'baggage';

/**
 * The number of entries, and of their bytes, that the specification requires every platform to carry (section 3.3.2).
 * This one carries no more.
 */
export const MAX_MEMBERS = 64;
export const MAX_BYTES = 8_192;

// Key, value and properties, each of which is a key or a pair. Keys are literal tokens: percent signs in them encode
// nothing (section 3.3.1.2). A value is printable ASCII without space, quote, comma, semicolon and backslash. A space
// can match only one part of the pattern, even if a value is empty: otherwise, matching 90 bytes would take seconds.
const MEMBER =
  /^([\w!#$%&'*+\-.^`|~]+)[\t ]*=[\t ]*(?:([!#-+\--:<-[\]-~]+)[\t ]*)?((?:;[\t ]*[\w!#$%&'*+\-.^`|~]+[\t ]*(?:=[\t ]*(?:[!#-+\--:<-[\]-~]+[\t ]*)?)?)*)$/;
// Characters that a value may not contain unencoded, and the percent sign.
const TO_ENCODE = /[^!#$&-+\--:<-[\]-~]+/g;

/**
 * Propagates baggage in the field `baggage`: at most 64 members and 8,192 bytes in each direction. Members are kept
 * whole, in order, as long as they fit. No method throws.
 *
 * Specification: W3C Baggage, section 3.
 */
export class W3CBaggagePropagator implements TextMapPropagator {
  /**
   * Writes the baggage of the context, unless tracing is suppressed in it. Reports entries that cannot be sent. Default
   * setter: the one for plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      const entries = isTracingSuppressed(context) ? undefined : baggageIn(context)?.getAllEntries();
      if (!entries) return;
      const members = fitting(entries.map(memberOf));
      if (members.length > 0) setter.set(carrier, BAGGAGE, members.join());
      if (members.length < entries.length) {
        report('baggage_dropped', `${entries.length - members.length} of ${entries.length}`);
      }
    } catch {
      // A setter, or baggage of another library, that throws must not cost the application its request.
    }
  }

  /**
   * Returns a context with the baggage of the carrier; the given context if there is none. Skips malformed members. If
   * several members have the same key, the last one counts. Default getter: the one for plain objects, `Headers` and
   * `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    const header = headerIn(carrier, BAGGAGE, getter);
    const members = header.slice(0, MAX_HEADER_LENGTH + 1).split(',');
    // A member that is cut off could pass for a whole one.
    if (header.length > MAX_HEADER_LENGTH) members.pop();
    const entries = fitting(members.map(trimOws)).map((member): [string, BaggageEntry] => {
      const [, key, encoded = '', properties] = MEMBER.exec(member) as string[];
      const value = percentDecoded(encoded);
      const metadata = trimOws(properties.slice(1));
      return [key, metadata === '' ? { value } : { value, metadata }];
    });
    return entries.length > 0 ? contextWithBaggage(context, baggageOf(new Map(entries))) : context;
  }

  /** `baggage`. */
  fields(): string[] {
    return [BAGGAGE];
  }
}

/** The members that follow the grammar, in order, as long as they fit in the bounds. */
function fitting(members: readonly string[]): string[] {
  let left = MAX_MEMBERS;
  let room = MAX_BYTES;
  return members.filter((member) => {
    // The length first, so that a member that is too long is not matched.
    const fits = left > 0 && member.length <= room && MEMBER.test(member);
    if (fits) {
      left--;
      room -= member.length + 1;
    }
    return fits;
  });
}

/** The member for an entry; `''`, which is not a member, if the entry cannot be sent. */
function memberOf([key, entry]: [string, BaggageEntry]): string {
  try {
    const { value } = entry;
    const metadata = trimOws(String(entry.metadata ?? ''));
    // A value longer than the whole header is not worth encoding.
    if (typeof value !== 'string' || value.length > MAX_BYTES) return '';
    const pair = `${key}=${wellFormed(value).replace(TO_ENCODE, encodeURIComponent)}`;
    // A key that contains an equals sign, or ends in a space, would be read as another key.
    if (MEMBER.exec(pair)?.[1] !== key) return '';
    // Properties that would break the header must not cost the value.
    return metadata !== '' && MEMBER.test(`${pair};${metadata}`) ? `${pair};${metadata}` : pair;
  } catch {
    return '';
  }
}
