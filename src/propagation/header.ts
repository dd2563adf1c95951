import { type TextMapGetter, valuesOf } from './propagator.ts';

/**
 * How many characters of a header are looked at. Both specifications ask for 8,192 at most; eight times that leaves
 * room for white space and is more than servers let through (node: 16 KiB for all headers together), yet takes no
 * sender more than 3 ms of our time (node 20; 64 Ki commas are the worst).
 */
export const MAX_HEADER_LENGTH = 65_536;

/** RFC 9110, section 5.6.2: what names of headers, and subprotocols, may be made of. */
export const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The value of a header; `''` where it is missing or reading it throws. Several values become one, in order, with
 * commas between (RFC 9110, section 5.3).
 */
export function headerIn(carrier: unknown, name: string, getter: TextMapGetter): string {
  try {
    const values = valuesOf(getter.get(carrier, name)) ?? '';
    return typeof values === 'string' ? values : values.join();
  } catch {
    return '';
  }
}

/** The first value of a header that may be there several times; `undefined` where it is missing or reading it throws. */
export function firstValueIn(carrier: unknown, name: string, getter: TextMapGetter): string | undefined {
  try {
    const values = valuesOf(getter.get(carrier, name));
    return typeof values === 'object' ? values[0] : values;
  } catch {
    return undefined;
  }
}

const FIRST_WORD = /^[\t ]*([^\t ,]*)[\t ]*(?:,|$)/;

/**
 * The same without the white space around it, and without the values that a server has put behind it, with commas between;
 * `''` where it is missing, and `'?'`, which no format knows, where there is white space within.
 */
export function firstWordIn(carrier: unknown, name: string, getter: TextMapGetter): string {
  const value = firstValueIn(carrier, name, getter) ?? '';
  return FIRST_WORD.exec(value.slice(0, MAX_HEADER_LENGTH))?.[1] ?? '?';
}

/** The members of a comma-separated header without the empty ones. */
export function membersOf(header: string): string[] {
  return header.split(',').map(trimOws).filter(Boolean);
}

// From its first to its last character that is none: linear, since neither half can take what the other has passed.
const WITHIN_OWS = /^[\t ]*(.*[^\t ])?/s;

/**
 * The text without the optional white space around it: spaces and tabs (RFC 9110, section 5.6.3), of which `trim()`
 * takes more.
 */
export function trimOws(text: string): string {
  return WITHIN_OWS.exec(text)?.[1] ?? '';
}
