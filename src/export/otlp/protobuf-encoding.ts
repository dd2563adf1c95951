import { OtlpBatch } from './batch.ts';
import { BufferPool } from './buffer-pool.ts';
import { concat } from './concat.ts';
import type { OtlpEncoding } from './encoding.ts';
import { readResponse } from './response.ts';

/** OTLP as protocol buffers, the default. */
export class ProtobufEncoding implements OtlpEncoding<OtlpBatch> {
  readonly contentType = 'application/x-protobuf';
  readonly _readResponse = readResponse;
  private readonly _pool = new BufferPool();
  /** Where the batches of a backlog are put together; new memory for each request costs 100 ns a span. */
  private _room: Uint8Array<ArrayBuffer> | undefined;

  createBatch(): OtlpBatch {
    return new OtlpBatch(this._pool);
  }

  _body(batches: readonly OtlpBatch[]): Uint8Array<ArrayBuffer> {
    const body = concat(
      batches.flatMap((batch) => batch._seal()),
      this._room,
    );
    this._room = undefined;
    return body;
  }

  _free(batches: readonly OtlpBatch[], body: Uint8Array<ArrayBuffer>): void {
    for (const batch of batches) batch._release();
    if (batches.length > 1) this._room = new Uint8Array(body.buffer);
    else this._pool.trim();
  }

  _clear(): void {
    this._room = undefined;
    this._pool.clear();
  }
}
