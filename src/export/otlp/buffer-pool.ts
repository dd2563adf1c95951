import { constrained } from '#platform';

// A batch starts small, because a process that ends ten spans in five seconds should not pay for five hundred.
const INITIAL_BYTES = 1024;
// Four buffers serve a batch that fills while others are on their way; more than that are kept only while a backlog
// lasts. A buffer that a burst has blown up is not kept.
const KEPT_BUFFERS = 4;
const KEPT_BYTES = 512 * 1024;
// What the largest request by default gives back at once: a quarter of the queue, in buffers that need not be full.
const MAX_KEPT_BYTES = (constrained ? 0.625 : 5) * 1024 * 1024;

/**
 * Buffers that have done their work and wait for the next batch. Memory that is new costs 100 ns a span where 20,000
 * are pending: it is zeroed, mapped page by page, and grown to its size in seven copies.
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

  /** Keeps none. */
  clear(): void {
    this._bytes = this._kept.length = 0;
  }

  /** Keeps no more than are needed without a backlog. */
  trim(): void {
    while (this._kept.length > KEPT_BUFFERS) this.take();
  }
}
