import type { SpanBatch } from './exporter.ts';

/** Full batches in the order in which they are sent. Taking one costs the same however long the queue is. */
export class BatchQueue {
  // Two stacks, because removing the first element of an array moves all the others.
  private _entering: SpanBatch[] = [];
  private _leaving: SpanBatch[] = [];

  /** Adds a batch at the end. */
  _push(batch: SpanBatch): void {
    this._entering.push(batch);
  }

  /** Puts batches in front of all others, in the given order. */
  _putBack(batches: readonly SpanBatch[]): void {
    for (let at = batches.length - 1; at >= 0; at--) this._leaving.push(batches[at]);
  }

  /**
   * Takes the first batch and as many of the following ones as fit in `maxBytes` together with it.
   *
   * @param isOne - Takes only the first batch.
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
