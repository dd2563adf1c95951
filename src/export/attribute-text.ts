import type { AttributeValue } from '../core/attributes.ts';
import { cut } from '../core/text.ts';

// A value longer than this is cut, so that it stays one of several.
const MAX_VALUE = 60;

/** A value of an attribute for people. It has been made printable by no one. */
export function attributeText(value: AttributeValue | null | undefined): string {
  if (typeof value === 'string') {
    const text = shortened(value);
    return /^[^\s"'=]+$/.test(text) ? text : JSON.stringify(text);
  }
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  return shortened(JSON.stringify(value, nestedValue));
}

/** Shortened before they are put together: a value may be larger than any string. */
function nestedValue(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? `<${value.length} bytes>` : value;
}

function shortened(text: string): string {
  return text.length > MAX_VALUE ? `${cut(text, MAX_VALUE)}…` : text;
}
