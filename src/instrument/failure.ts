import { read, textAt } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { recordThrown } from '../core/span-callback.ts';
import { SpanStatusCode } from '../core/status.ts';
import { cut } from '../core/text.ts';
import { ERROR_TYPE } from './http-names.ts';

/** Records on a span an error for which nothing was thrown. */
export function setError(span: Span, type: string, message?: string): void {
  span.setAttribute(ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Records on a span what was thrown. Does nothing once the span has ended: later errors do not belong to it. */
export function setFailure(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  recordThrown(span, error);
  span.setAttribute(ERROR_TYPE, errorTypeOf(error));
}

/**
 * The `error.type` of anything thrown: its code or that of its cause (`ECONNREFUSED`), else its name (`AbortError`),
 * else `_OTHER`. Never throws.
 *
 * Specification: OpenTelemetry semantic conventions, "error.type".
 */
export function errorTypeOf(thrown: unknown): string {
  const name = textAt(thrown, 'name');
  // The codes of DOMException are numbers, which say less than its names.
  for (const code of [read(thrown, 'code'), read(read(thrown, 'cause'), 'code'), name]) {
    if (typeof code === 'string' && code !== '') return cut(code, 100);
  }
  return '_OTHER';
}
