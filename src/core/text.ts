/** The text of anything; `''` for `undefined` and for what has none. Never throws. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return value === undefined ? '' : String(value);
  } catch {
    return '';
  }
}

/** At most `length` UTF-16 code units of `text`, never half of a surrogate pair. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const isPairSplit = (text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isPairSplit ? length - 1 : length);
}
