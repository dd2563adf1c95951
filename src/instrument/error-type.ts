import { read, textAt } from '../core/exception.ts';
import { cut } from '../core/text.ts';

/**
 * What `error.type` says of something thrown: the code of it or of its cause (`ECONNREFUSED`), else its name
 * (`AbortError`), else `_OTHER`. Never throws.
 *
 * Specification: OpenTelemetry semantic conventions, "error.type".
 */
export function errorTypeOf(thrown: unknown): string {
  const name = textAt(thrown, 'name');
  // The codes of DOMException are numbers that say less than its names.
  for (const code of [read(thrown, 'code'), read(read(thrown, 'cause'), 'code'), name]) {
    if (typeof code === 'string' && code !== '') return cut(code, 100);
  }
  return '_OTHER';
}
