import type { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { concat } from '../../../src/export/otlp/concat.ts';

/** Returns the body of the request with these batches, as the exporter builds it. */
export function requestBytes(batches: readonly OtlpBatch[]): Uint8Array<ArrayBuffer> {
  return concat(batches.flatMap((batch) => batch._seal()));
}
