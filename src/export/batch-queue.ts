import type { SpanBatch } from './exporter.ts';

/** Full batches in the order in which they are to leave. Taking one costs the same however many there are. */
export class BatchQueue {
  // Two stacks, since an array that loses its first member is moved as a whole.
  private _entering: SpanBatch[] = [];
  private _leaving: SpanBatch[] = [];

  /** Adds a batch at the end. */
  _push(batch: SpanBatch): void {
    this._entering.push(batch);
  }

  /** Puts batches, in their order, in front of all others. */
  _putBack(batches: readonly SpanBatch[]): void {
    for (let at = batches.length - 1; at >= 0; at--) this._leaving.push(batches[at]);
  }

  /**
   * Takes the first batch, and those behind it that together with it are no more than so many bytes.
   *
   * @param isOne - The first alone.
   */
  _take(maxBytes: number, isOne?: boolean): SpanBatch[] {
    const taken: SpanBatch[] = [];
    for (let bytes = 0; ; ) {
      if (this._leaving.length === 0) {
        this._leaving = this._entering.reverse();
        this._entering = [];
      }
      const batch = this._leaving.at(-1);
      bytes += batch?.byteLength ?? 0;
      if (batch === undefined || (taken.length > 0 && (isOne || bytes > maxBytes))) return taken;
      taken.push(batch);
      this._leaving.pop();
    }
  }
}
