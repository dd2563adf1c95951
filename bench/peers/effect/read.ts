import { decodeJsonRequest, flatten } from '../../../test/oracle/otlp.ts';
import type { ReadSpan } from '../../read-span.ts';

/** Returns the spans of a request in OTLP JSON. */
export function read(request: Uint8Array): ReadSpan[] {
  return flatten(decodeJsonRequest(request, { int64: 'any' }));
}
