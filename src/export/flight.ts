import { now } from '../core/clock.ts';
import { afterAbort, later } from '../core/deadline.ts';
import { messageOf } from '../core/exception.ts';
import { textOf } from '../core/text.ts';
import { type BatchingExporter, type DropReason, type ExportOutcome, type SpanBatch, untraced } from './exporter.ts';

/** Batches in flight: one call of an exporter. */
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

  /** Hands the batches to the exporter. The outcome is synchronous if the exporter's is. Never throws or rejects. */
  _begin(
    exporter: BatchingExporter,
    timeoutMillis: number,
    isLeaving: boolean,
  ): ExportOutcome | Promise<ExportOutcome> {
    const { signal } = this._abort;
    const failure = (error: unknown): ExportOutcome => ({
      // Spans of an aborted export may have arrived.
      [signal.aborted ? 'unknown' : 'dropped']: this._spans,
      why: messageOf(error),
    });
    try {
      const send = () => exporter.send(this._batches, signal, isLeaving);
      const sent = exporter.isUntraced ? send() : untraced(send);
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

  /** Aborts the export, which settles at most one turn of the event loop later. */
  _giveUp(why: string): void {
    this._abort.abort(why);
  }
}

/** Converts an exporter's outcome to numbers and texts that are safe to count and print. Throws if that fails. */
function checkedOutcome(said: ExportOutcome): ExportOutcome {
  const { acknowledged = 0, rejected = 0, dropped = 0, unknown, reason, why, retryMillis } = said ?? {};
  return {
    acknowledged: Number(acknowledged),
    rejected: Number(rejected),
    dropped: Number(dropped),
    unknown,
    reason: reason && (textOf(reason) as DropReason),
    // `null` counts as absent, because an outcome may come from JSON.
    why: why == null ? undefined : textOf(why),
    retryMillis: retryMillis == null ? undefined : Number(retryMillis),
  };
}
