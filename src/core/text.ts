export { utf8Length } from '#platform';

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
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
