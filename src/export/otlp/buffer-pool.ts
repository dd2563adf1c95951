// Four buffers serve a batch that fills while others are on their way; a buffer that a burst has blown up is not kept.
const KEPT_BUFFERS = 4;
const KEPT_BYTES = 512 * 1024;

/** Buffers that have done their work and wait for the next batch. */
export class BufferPool {
  private readonly free: Uint8Array[] = [];

  /** A buffer of at least `size` bytes; what it holds is arbitrary. */
  take(size: number): Uint8Array {
    const buffer = this.free.pop();
    return buffer !== undefined && buffer.length >= size ? buffer : new Uint8Array(size);
  }

  /** Takes back a buffer that nobody reads any more. */
  give(buffer: Uint8Array): void {
    if (this.free.length < KEPT_BUFFERS && buffer.length <= KEPT_BYTES) this.free.push(buffer);
  }
}
