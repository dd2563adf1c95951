import { now } from '../core/clock.ts';
import { afterAbort, later } from '../core/deadline.ts';
import { messageOf } from '../core/exception.ts';
import { textOf } from '../core/text.ts';
import type { BatchingExporter, DropReason, ExportOutcome, SpanBatch } from './exporter.ts';

/** Batches that are on their way. */
export class Flight {
  readonly _batches: readonly SpanBatch[];
  readonly _spans: number;
  readonly _bytes: number;
  readonly _startedAt = now();
  private readonly _abort = new AbortController();

  constructor(batches: readonly SpanBatch[]) {
    this._batches = batches;
    this._spans = batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
    this._bytes = batches.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Hands the batches to the exporter. What can be said at once is; nothing is thrown, and no promise rejects. */
  _begin(
    exporter: BatchingExporter,
    timeoutMillis: number,
    isLeaving: boolean,
  ): ExportOutcome | Promise<ExportOutcome> {
    const { signal } = this._abort;
    const failure = (error: unknown): ExportOutcome => ({
      // What has been given up may have arrived.
      [signal.aborted ? 'unknown' : 'dropped']: this._spans,
      why: messageOf(error),
    });
    try {
      const sent = exporter.send(this._batches, signal, isLeaving);
      if (!('then' in sent)) return checkedOutcome(sent);
      const timer = later(() => this._giveUp(`no answer within ${timeoutMillis} ms`), timeoutMillis);
      return Promise.race([sent, afterAbort(signal)])
        .then(checkedOutcome)
        .catch(failure)
        .finally(() => clearTimeout(timer as number));
    } catch (error) {
      return failure(error);
    }
  }

  /** Aborts the export, which is over a turn of the loop later at most. */
  _giveUp(why: string): void {
    this._abort.abort(why);
  }
}

/** What an exporter says, as it can be counted with and printed. Throws where it cannot. */
function checkedOutcome(said: ExportOutcome): ExportOutcome {
  const { acknowledged = 0, rejected = 0, dropped = 0, unknown, reason, why, retryMillis } = said ?? {};
  return {
    acknowledged: Number(acknowledged),
    rejected: Number(rejected),
    dropped: Number(dropped),
    unknown,
    reason: reason && (textOf(reason) as DropReason),
    // `null` is nothing, as in what comes from JSON.
    why: why == null ? undefined : textOf(why),
    retryMillis: retryMillis == null ? undefined : Number(retryMillis),
  };
}
