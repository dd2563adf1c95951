import type { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { concat } from '../../../src/export/otlp/concat.ts';

/** The body of the request that carries these batches, as the exporter puts it together. */
export function requestBytes(batches: readonly OtlpBatch[]): Uint8Array<ArrayBuffer> {
  return concat(batches.flatMap((batch) => batch._seal()));
}
