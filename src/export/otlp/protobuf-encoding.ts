import { OtlpBatch } from './batch.ts';
import { BufferPool } from './buffer-pool.ts';
import type { OtlpEncoding } from './encoding.ts';
import { release } from './protobuf.ts';
import { readResponse } from './response.ts';

/** OTLP as protobuf, the default encoding. */
export class ProtobufEncoding implements OtlpEncoding<OtlpBatch> {
  readonly contentType = 'application/x-protobuf';
  readonly _readResponse = readResponse;
  private readonly _pool = new BufferPool();

  createBatch(): OtlpBatch {
    return new OtlpBatch(this._pool);
  }

  _body(batches: readonly OtlpBatch[]): Uint8Array<ArrayBuffer>[] {
    return batches.flatMap((batch) => batch._seal());
  }

  _free(batches: readonly OtlpBatch[]): void {
    for (const batch of batches) batch._release();
    if (batches.length === 1) this._pool.trim();
  }

  _clear(): void {
    this._pool.clear();
    release();
  }
}
