import { textOf } from './text.ts';

/** Returns a property, or `undefined` if it cannot be read. Never throws. */
export function read(from: unknown, key: string | symbol): unknown {
  try {
    // `?.` avoids an exception if there is no object, which would cost 10 µs.
    return (from as Record<string | symbol, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** Returns a property as text. Never throws. */
export function textAt(from: unknown, key: string): string {
  return textOf(read(from, key));
}
