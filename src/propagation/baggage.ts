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

/** What baggage holds under one key. */
export interface BaggageEntry {
  /** Any text; it is percent-encoded on the way. */
  readonly value: string;
  /** The properties after the value, `key` or `key=value` with semicolons between, as they are sent. */
  readonly metadata?: {
    /** The properties as a text. */
    toString(): string;
  };
}

/**
 * Entries by key that travel with a request through all services it reaches. Immutable. Structurally the `Baggage`
 * of `@opentelemetry/api`. Nothing of it becomes an attribute by itself.
 *
 * Specification: OpenTelemetry, "Baggage API".
 */
export interface Baggage {
  /** The entry under `key`, or `undefined`. */
  getEntry(key: string): BaggageEntry | undefined;
  /** All entries with their keys, in order. */
  getAllEntries(): [string, BaggageEntry][];
  /** New baggage with `entry` under `key`. Keys that are not HTTP tokens (RFC 9110, section 5.6.2) are not sent. */
  setEntry(key: string, entry: BaggageEntry): Baggage;
  /** New baggage without `key`. */
  removeEntry(key: string): Baggage;
  /** New baggage without any of `keys`. */
  removeEntries(...keys: string[]): Baggage;
  /** New baggage without entries. */
  clear(): Baggage;
}

/** Baggage with these entries. Default: none. */
export function createBaggage(entries: Record<string, BaggageEntry> = {}): Baggage {
  try {
    // A text has entries, too, one a character.
    return baggageOf(new Map(typeof entries === 'object' ? Object.entries(entries) : []));
  } catch {
    // A getter among the entries threw, or there is no object at all.
    return baggageOf(new Map());
  }
}

/** The baggage of a context, or `undefined`. */
export function baggageIn(context: Context): Baggage | undefined {
  try {
    return context.getValue(BAGGAGE_KEY) as Baggage | undefined;
  } catch {
    return undefined;
  }
}

/** A context with `baggage` in place of what the given one has. */
export function contextWithBaggage(context: Context, baggage: Baggage): Context {
  try {
    return context.setValue(BAGGAGE_KEY, baggage);
  } catch {
    return ROOT_CONTEXT.setValue(BAGGAGE_KEY, baggage);
  }
}

/** Baggage with these entries, which nobody may change afterwards. */
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
 * What the specification asks every platform to carry (section 3.3.2), and all that this one does: so many entries, and
 * so many bytes of them.
 */
export const MAX_MEMBERS = 64;
export const MAX_BYTES = 8_192;

// Key, value, and what follows of properties, each a key or a pair. Keys are tokens as they stand: percent signs in them
// encode nothing (section 3.3.1.2). A value is printable ASCII without space, quote, comma, semicolon and backslash. Spaces
// belong to one part of the pattern each, also where a value is empty: else a header of 90 bytes would be matched for seconds.
const MEMBER =
  /^([\w!#$%&'*+\-.^`|~]+)[\t ]*=[\t ]*(?:([!#-+\--:<-[\]-~]+)[\t ]*)?((?:;[\t ]*[\w!#$%&'*+\-.^`|~]+[\t ]*(?:=[\t ]*(?:[!#-+\--:<-[\]-~]+[\t ]*)?)?)*)$/;
// What a value may not hold as it is, and the percent sign.
const TO_ENCODE = /[^!#$&-+\--:<-[\]-~]+/g;

/**
 * Carries baggage in the field `baggage`: at most 64 members and 8,192 bytes each way, whole members only, those that
 * come first. No method throws.
 *
 * Specification: W3C Baggage, section 3.
 */
export class W3CBaggagePropagator implements TextMapPropagator {
  /**
   * Writes the baggage of the context, unless tracing is suppressed in it; reports what cannot be sent. Default
   * setter: that of plain objects, `Headers` and `Map`s.
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
      // A setter or baggage of another library that throws must not cost the application its request.
    }
  }

  /**
   * A context with the baggage of the carrier; the given one where there is none. Malformed members are skipped, of
   * several with one key the last one counts. Default getter: that of plain objects, `Headers` and `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    const header = headerIn(carrier, BAGGAGE, getter);
    const members = header.slice(0, MAX_HEADER_LENGTH + 1).split(',');
    // Half a member would pass for a whole one.
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

/** Of the members that follow the grammar those that come first, as many as there may be, as long as there is room. */
function fitting(members: readonly string[]): string[] {
  let left = MAX_MEMBERS;
  let room = MAX_BYTES;
  return members.filter((member) => {
    // The length first, so that what is too long is not gone through.
    const fits = left > 0 && member.length <= room && MEMBER.test(member);
    if (fits) {
      left--;
      room -= member.length + 1;
    }
    return fits;
  });
}

/** An entry as it is sent; what is no member, where it cannot be. */
function memberOf([key, entry]: [string, BaggageEntry]): string {
  try {
    const { value } = entry;
    const metadata = trimOws(String(entry.metadata ?? ''));
    // What is longer than the whole header is not worth encoding.
    if (typeof value !== 'string' || value.length > MAX_BYTES) return '';
    const pair = `${key}=${wellFormed(value).replace(TO_ENCODE, encodeURIComponent)}`;
    // A key with an equals sign in it would be another one, and so would one with a space at its end.
    if (MEMBER.exec(pair)?.[1] !== key) return '';
    // Properties that would break the header must not take the value with them.
    return metadata !== '' && MEMBER.test(`${pair};${metadata}`) ? `${pair};${metadata}` : pair;
  } catch {
    return '';
  }
}
