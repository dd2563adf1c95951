import { constrained, unref } from '#platform';
import { LONGEST_TIMER, now } from '../core/clock.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { isSampled } from '../core/non-recording-span.ts';
import { numberOptions } from '../core/options.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import {
  type BatchingExporter,
  type DropReason,
  type ExportOutcome,
  outcomeOf,
  type SpanBatch,
  type SpanExporter,
} from './exporter.ts';
import { listExporter } from './list-batch.ts';

/** Settings of a {@link BatchSpanProcessor}. */
export interface BatchSpanProcessorOptions {
  /** Milliseconds a span waits for others at most. Default: 5,000. */
  scheduledDelayMillis?: number;
  /** Milliseconds one export may take; then its spans count as `unknown`. Default: 30,000. */
  exportTimeoutMillis?: number;
  /** Spans that make a batch leave before the delay is over. Default: 512. */
  maxExportBatchSize?: number;
  /** Spans held at most, those on their way included; further ones are dropped. Default: 65,536. */
  maxQueueSize?: number;
  /** Bytes held at most, those on their way included. Default: 16 MiB; 2 MiB in browsers, Workers and edge runtimes. */
  maxQueueBytes?: number;
  /** Bytes of one request at most; a backlog leaves in requests of this size. Default: 8 MiB. */
  maxRequestBytes?: number;
}

// The defaults of the specification but for the queue, which is larger and bounded by bytes as well.
const DEFAULTS: Required<BatchSpanProcessorOptions> = {
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
  maxExportBatchSize: 512,
  maxQueueSize: 65_536,
  maxQueueBytes: (constrained ? 2 : 16) * 1024 * 1024,
  maxRequestBytes: 8 * 1024 * 1024,
};
// A batch of large spans leaves early, whatever its count: requests are put together from whole batches.
const MAX_BATCH_BYTES = 1024 * 1024;
// An aborted request settles at once; one that does not is left behind after this.
const ABORT_MILLIS = 1_000;

/**
 * What became of the sampled spans that have ended, exactly:
 * `ended = acknowledged + rejected + sum of dropped + unknown + pending`.
 */
export interface ProcessorStats {
  /** Sampled spans that ended. */
  ended: number;
  /** Accepted by the receiver. */
  acknowledged: number;
  /** Refused by a receiver that accepted the rest of the request. */
  rejected: number;
  /** Sent without an answer: they may have arrived. */
  unknown: number;
  /** Held, or on their way. */
  pending: number;
  /** Lost, by reason. */
  dropped: Partial<Record<DropReason, number>>;
}

/**
 * Collects ended spans in batches and exports them one request at a time. A batch leaves when it is full, when its
 * first span has waited long enough, or on a flush; batches that gather while a request is under way leave together.
 *
 * Specification: OpenTelemetry Trace SDK, "Batching processor".
 */
export class BatchSpanProcessor implements SpanProcessor {
  private readonly _exporter: BatchingExporter;
  private readonly _options: Required<BatchSpanProcessorOptions>;
  private readonly _maxBatchBytes: number;

  // The batch that is filling, and the full ones behind the one that is on its way.
  private _current: SpanBatch;
  private readonly _queue: SpanBatch[] = [];
  private _timer: unknown;
  /** Aborts the export that is on its way … */
  private _inFlight: AbortController | undefined;
  /** … and this settles when it is booked and the next one on its way. Never rejects. */
  private _sending: Promise<void> | undefined;

  private readonly _counts: Omit<ProcessorStats, 'pending'> = {
    ended: 0,
    acknowledged: 0,
    rejected: 0,
    unknown: 0,
    dropped: {},
  };
  private _pendingBytes = 0;
  // Spans taken in and spans done with, in the same order: what makes a flush know when it is over.
  private _accepted = 0;
  private _settled = 0;
  private _closed: Promise<FlushResult> | undefined;

  /** @throws RangeError naming an option that is not a number of 1 or more. */
  constructor(exporter: SpanExporter | BatchingExporter, options?: BatchSpanProcessorOptions) {
    this._options = checkedBatchOptions(options, '');
    const { maxQueueBytes, maxRequestBytes } = this._options;
    // The last span of a batch goes over the bound, hence the half.
    this._maxBatchBytes = Math.min(MAX_BATCH_BYTES, maxQueueBytes, maxRequestBytes / 2);
    this._exporter = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this._current = this._exporter.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.flags)) return;
    const { _options, _current } = this;
    this._counts.ended++;
    if (this._closed !== undefined) {
      this._drop('shutdown', '1');
      return;
    }
    // Before encoding, so that a full queue costs next to nothing.
    const pending = this._accepted - this._settled;
    if (pending >= _options.maxQueueSize || this._pendingBytes >= _options.maxQueueBytes) {
      this._drop('queue_full', `${pending} spans, ${this._pendingBytes} bytes`);
      return;
    }
    const before = _current.byteLength;
    try {
      _current.add(span);
      this._accepted++;
    } catch (error) {
      this._drop('encode_failed', messageOf(error));
    }
    // Even where it failed: the segment that was begun for the span stays.
    this._pendingBytes += _current.byteLength - before;
    if (_current.spanCount >= _options.maxExportBatchSize || _current.byteLength >= this._maxBatchBytes) this._send();
    else if (this._timer === undefined) this._startTimer();
  }

  /**
   * Sends all spans that ended before the call and waits until they are settled, or until the time is up: then it
   * stops waiting, and the export goes on. Never rejects. May be called at any time and concurrently.
   */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    const before = this.stats();
    this._send();
    this._exporter.hurry?.();
    await this._settle(this._accepted, flushTimeout(options));
    return this._since(before);
  }

  /**
   * Flushes; then aborts what is still on its way and drops what is left. Spans that end afterwards are dropped.
   * Never rejects; further calls return the same promise.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    // Assigned before anything is awaited: from here on no span gets in.
    this._closed ??= this._close(options);
    return this._closed;
  }

  /** The counters as they are now. */
  stats(): ProcessorStats {
    return { ...this._counts, pending: this._accepted - this._settled, dropped: { ...this._counts.dropped } };
  }

  private async _close(options: FlushOptions | undefined): Promise<FlushResult> {
    const before = this.stats();
    const deadline = now() + flushTimeout(options);
    await this.forceFlush(options);
    const left = this._queue.splice(0);
    const spans = spansOf(left);
    this._inFlight?.abort(new Error('the tracer was shut down'));
    await this._settle(this._accepted - spans, ABORT_MILLIS);
    if (spans > 0) {
      report('shutdown', textOf(spans), 'error');
      this._account(left, outcomeOf({ dropped: spans, reason: 'shutdown' }));
    }
    try {
      await within(Math.max(deadline - now(), ABORT_MILLIS), this._exporter.shutdown?.());
    } catch (error) {
      report('export_failed', messageOf(error), 'error');
    }
    return this._since(before);
  }

  private _since(before: ProcessorStats): FlushResult {
    const after = this.stats();
    return {
      exported: after.acknowledged - before.acknowledged,
      pending: after.pending,
      dropped: lost(after) - lost(before),
    };
  }

  /** Counts and reports a span that is not taken in. */
  private _drop(reason: DropReason, details: string): void {
    this._lose(1, reason);
    report(reason, details, 'error');
  }

  private _lose(spans: number, reason: DropReason): void {
    const { dropped } = this._counts;
    dropped[reason] = (dropped[reason] ?? 0) + spans;
  }

  private _startTimer(): void {
    try {
      this._timer = setTimeout(() => this._send(), Math.min(this._options.scheduledDelayMillis, LONGEST_TIMER));
      unref(this._timer);
    } catch {
      // Workers forbid timers at module scope: the span waits for the next one, or for a flush.
    }
  }

  /** Closes the filling batch and sends the queue. */
  private _send(): void {
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
    if (this._current.spanCount > 0) {
      this._queue.push(this._current);
      this._current = this._exporter.createBatch();
    }
    this._sendQueue();
  }

  /** Sends the queue, in requests as large as may be, one after the other. */
  private _sendQueue(): void {
    while (this._inFlight === undefined && this._queue.length > 0) {
      let count = 0;
      for (let bytes = 0; count < this._queue.length; count++) {
        bytes += this._queue[count].byteLength;
        if (count > 0 && bytes > this._options.maxRequestBytes) break;
      }
      const batches = this._queue.splice(0, count);
      // Before the call: an exporter that ends a span comes back here.
      const abort = new AbortController();
      this._inFlight = abort;
      const settled = (outcome: ExportOutcome) => {
        this._inFlight = undefined;
        this._account(batches, outcome);
      };
      try {
        const outcome = this._exporter.send(batches, abort.signal);
        if (!('then' in outcome)) {
          settled(outcome);
          continue;
        }
        this._sending = this._await(outcome, batches, abort).then((final) => {
          settled(final);
          this._sendQueue();
        });
      } catch (error) {
        settled(exportFailed(batches, error));
      }
    }
  }

  /** Never rejects, and settles within the time-out whatever the exporter does. */
  private async _await(
    outcome: Promise<ExportOutcome>,
    batches: SpanBatch[],
    abort: AbortController,
  ): Promise<ExportOutcome> {
    const { exportTimeoutMillis } = this._options;
    const timer = setTimeout(
      () => {
        report('export_timeout', `${exportTimeoutMillis} ms, ${spansOf(batches)} spans`, 'error');
        abort.abort(new Error('the export timed out'));
      },
      Math.min(exportTimeoutMillis, LONGEST_TIMER),
    );
    unref(timer);
    const givenUp = new Promise<ExportOutcome>((resolve) => {
      // An exporter that listens to the signal has a turn of the loop to say what it knows.
      abort.signal.addEventListener('abort', () => setTimeout(resolve, 0, outcomeOf({ unknown: spansOf(batches) })));
    });
    try {
      return await Promise.race([outcome, givenUp]);
    } catch (error) {
      return exportFailed(batches, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Books batches that are done with. */
  private _account(batches: readonly SpanBatch[], outcome: ExportOutcome): void {
    const { _counts } = this;
    _counts.acknowledged += outcome.acknowledged;
    _counts.rejected += outcome.rejected;
    _counts.unknown += outcome.unknown;
    if (outcome.dropped > 0) this._lose(outcome.dropped, outcome.reason ?? 'export_failed');
    for (const { spanCount, byteLength } of batches) {
      this._settled += spanCount;
      this._pendingBytes -= byteLength;
    }
  }

  /** Resolves when `target` spans are settled, or after `timeoutMillis`. */
  private async _settle(target: number, timeoutMillis: number): Promise<void> {
    const settling = async () => {
      while (this._settled < target && this._inFlight !== undefined) await this._sending;
    };
    await within(timeoutMillis, settling());
  }
}

function lost({ rejected, unknown, dropped }: ProcessorStats): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, rejected + unknown);
}

function spansOf(batches: readonly SpanBatch[]): number {
  return batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

function exportFailed(batches: readonly SpanBatch[], error: unknown): ExportOutcome {
  const spans = spansOf(batches);
  report('export_failed', `${spans} spans: ${messageOf(error)}`, 'error');
  return outcomeOf({ dropped: spans, reason: 'export_failed' });
}

/** The options with the defaults; throws a `RangeError` that names the one that cannot be used, `prefix` in front. */
export function checkedBatchOptions(
  options: BatchSpanProcessorOptions | undefined,
  prefix: string,
): Required<BatchSpanProcessorOptions> {
  const result = numberOptions(DEFAULTS, options, prefix, 1);
  // A batch that could not fill up would wait for its delay while spans are dropped.
  result.maxExportBatchSize = Math.min(result.maxExportBatchSize, result.maxQueueSize);
  return result;
}
