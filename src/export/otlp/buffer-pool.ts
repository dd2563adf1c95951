import { constrained } from '#platform';

// A batch starts small: a process that ends ten spans in five seconds should not pay for five hundred.
const INITIAL_BYTES = 1024;
// Four buffers are enough for one batch to fill while others are in flight. The pool keeps more only while a backlog
// lasts, and never keeps a buffer that a burst has grown beyond KEPT_BYTES.
const KEPT_BUFFERS = 4;
const KEPT_BYTES = 512 * 1024;
// The largest default request returns this much at once: a quarter of the queue, in buffers that need not be full.
const MAX_KEPT_BYTES = (constrained ? 0.625 : 5) * 1024 * 1024;

/**
 * Used buffers that wait for the next batch. With 20,000 spans pending, new memory costs 100 ns per span: it is zeroed,
 * mapped page by page, and grown to its final size in seven copies.
 */
export class BufferPool {
  private readonly _kept: Uint8Array<ArrayBuffer>[] = [];
  private _bytes = 0;

  take(): Uint8Array<ArrayBuffer> {
    const buffer = this._kept.pop();
    this._bytes -= buffer?.length ?? 0;
    return buffer ?? new Uint8Array(INITIAL_BYTES);
  }

  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length > KEPT_BYTES || this._bytes + buffer.length > MAX_KEPT_BYTES) return;
    this._bytes += buffer.length;
    this._kept.push(buffer);
  }

  /** Releases all buffers. */
  clear(): void {
    this._bytes = this._kept.length = 0;
  }

  /** Releases the buffers that only a backlog needs. */
  trim(): void {
    while (this._kept.length > KEPT_BUFFERS) this.take();
  }
}
