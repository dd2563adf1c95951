export { utf8Length } from '#platform';

/** Returns the text of anything, or `''` for `undefined` and for values without a text. Never throws. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return value === undefined ? '' : String(value);
  } catch {
    return '';
  }
}

/** Returns at most `length` UTF-16 code units of `text`, never half of a surrogate pair. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

/** A number of spans, in words. */
export function spansText(count: number): string {
  return `${count} ${count === 1 ? 'span' : 'spans'}`;
}
