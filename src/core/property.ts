import { textOf } from './text.ts';

/** A property; `undefined` where there is none to read. Never throws. */
export function read(from: unknown, key: string | symbol): unknown {
  try {
    // Of what is not there nothing is thrown, which would cost 10 µs.
    return (from as Record<string | symbol, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** The text of a property. Never throws. */
export function textAt(from: unknown, key: string): string {
  return textOf(read(from, key));
}
