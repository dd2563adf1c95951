import { type TextMapGetter, valuesOf } from './propagator.ts';

/**
 * How many characters of a header are read. Both specifications ask for 8,192 at most. Eight times that leaves room for
 * white space and is more than servers let through (Node: 16 KiB for all headers together), yet no sender can take more
 * than 3 ms of our time (Node 20; 64 Ki commas are the worst case).
 */
export const MAX_HEADER_LENGTH = 65_536;

/** The grammar of header names, and of subprotocols (RFC 9110, section 5.6.2). */
export const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The value of a header; `''` if it is missing or reading it throws. Several values are joined with commas, in order
 * (RFC 9110, section 5.3).
 */
export function headerIn(carrier: unknown, name: string, getter: TextMapGetter): string {
  try {
    const values = valuesOf(getter.get(carrier, name)) ?? '';
    return typeof values === 'string' ? values : values.join();
  } catch {
    return '';
  }
}

/** The first value of a header that may occur several times; `undefined` if it is missing or reading it throws. */
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
 * The first value of a header without the white space around it, and without further values that a server has joined to
 * it with commas. `''` if it is missing; `'?'`, which no format accepts, if it contains white space.
 */
export function firstWordIn(carrier: unknown, name: string, getter: TextMapGetter): string {
  const value = firstValueIn(carrier, name, getter) ?? '';
  return FIRST_WORD.exec(value.slice(0, MAX_HEADER_LENGTH))?.[1] ?? '?';
}

/** The members of a comma-separated header, without empty ones. */
export function membersOf(header: string): string[] {
  return header.split(',').map(trimOws).filter(Boolean);
}

// From the first to the last character that is no white space. Takes linear time, because neither half can match what
// the other has passed.
const WITHIN_OWS = /^[\t ]*(.*[^\t ])?/s;

/**
 * The text without the optional white space around it: spaces and tabs (RFC 9110, section 5.6.3). `trim()` would remove
 * more.
 */
export function trimOws(text: string): string {
  return WITHIN_OWS.exec(text)?.[1] ?? '';
}
