import { constrained } from '#platform';
import { now } from '../core/clock.ts';
import { later, within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { isSampled } from '../core/non-recording-span.ts';
import { numberOptions } from '../core/options.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import type { BatchingExporter, DropReason, ExportOutcome, SpanBatch, SpanExporter } from './exporter.ts';
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

const MEBIBYTE = 1024 * 1024;
// The defaults of the specification but for the queue, which is larger and bounded by bytes as well.
const DEFAULTS: Required<BatchSpanProcessorOptions> = {
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
  maxExportBatchSize: 512,
  maxQueueSize: 65_536,
  maxQueueBytes: (constrained ? 2 : 16) * MEBIBYTE,
  maxRequestBytes: 8 * MEBIBYTE,
};
// What an exporter has at least for its own shutdown, however long the flush has taken.
const LEAST_SHUTDOWN_MILLIS = 1_000;

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

  // The batch that is filling, and the full ones behind those that are on their way.
  private _current: SpanBatch;
  private readonly _queue: SpanBatch[] = [];
  private _timer: unknown;
  /** Ends the export that is on its way; `undefined` where there is none. */
  private _abort: ((why: string) => void) | undefined;
  /** Settles when the queue has been sent. Never rejects. */
  private _sending: Promise<void> | undefined;

  private readonly _counts: ProcessorStats = {
    ended: 0,
    acknowledged: 0,
    rejected: 0,
    unknown: 0,
    pending: 0,
    dropped: {},
  };
  /** Bytes of all batches but the one that is filling. */
  private _queuedBytes = 0;
  /** True while a span is put into a batch, which may run code of the application … */
  private _isAdding = false;
  /** … that asks for the batch to be sent. */
  private _isSendDue = false;
  // Spans are done with in the order in which they came: a flush is over when as many are as had come before it.
  private _settled = 0;
  private _flushes: (readonly [target: number, resolve: () => void])[] = [];
  private _closed: Promise<FlushResult> | undefined;

  /** @throws RangeError naming an option that is not a number of 1 or more. */
  constructor(exporter: SpanExporter | BatchingExporter, options?: BatchSpanProcessorOptions) {
    this._options = checkedBatchOptions(options, '');
    // A batch of large spans leaves early, whatever its count: requests are put together from whole batches. The last
    // span of one goes over the bound, hence the half.
    this._maxBatchBytes = Math.min(MEBIBYTE, this._options.maxQueueBytes, this._options.maxRequestBytes / 2);
    this._exporter = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this._current = this._exporter.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.flags)) return;
    const { _options, _current, _counts } = this;
    _counts.ended++;
    if (this._closed) {
      this._drop('shutdown', 1, '1');
      return;
    }
    // Before encoding, so that a full queue costs next to nothing.
    const bytes = this._queuedBytes + _current.byteLength;
    if (_counts.pending >= _options.maxQueueSize || bytes >= _options.maxQueueBytes) {
      this._drop('queue_full', 1, `${_counts.pending} spans, ${bytes} bytes`);
      return;
    }
    const wasAdding = this._isAdding;
    this._isAdding = true;
    _counts.pending++;
    try {
      _current.add(span);
    } catch (error) {
      _counts.pending--;
      this._drop('encode_failed', 1, messageOf(error));
    }
    this._isAdding = wasAdding;
    const isFull = _current.spanCount >= _options.maxExportBatchSize || _current.byteLength >= this._maxBatchBytes;
    if (isFull || this._isSendDue) this._send();
    else if (!this._timer) this._startTimer();
  }

  /**
   * Sends all spans that ended before the call and waits until they are settled, until an attempt has failed that is
   * to be repeated later, or until the time is up: then it stops waiting, and the export goes on. Never rejects. May be
   * called at any time and concurrently.
   */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    const before = this.stats();
    this._send();
    const { pending } = this._counts;
    if (pending) {
      const flushed = new Promise<void>((resolve) => this._flushes.push([this._settled + pending, resolve]));
      this._exporter.hurry?.();
      await within(flushTimeout(options), flushed);
    }
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
    return { ...this._counts, dropped: { ...this._counts.dropped } };
  }

  private async _close(options: FlushOptions | undefined): Promise<FlushResult> {
    const before = this.stats();
    const deadline = now() + flushTimeout(options);
    await this.forceFlush(options);
    this._queue.length = 0;
    this._current = this._exporter.createBatch();
    this._abort?.('the tracer was shut down');
    // It is booked a turn of the loop later at most, and none follows it.
    await this._sending;
    const { pending } = this._counts;
    if (pending) {
      this._settle(pending, this._queuedBytes);
      this._drop('shutdown', pending, textOf(pending));
    }
    try {
      await within(Math.max(deadline - now(), LEAST_SHUTDOWN_MILLIS), this._exporter.shutdown?.());
    } catch (error) {
      report('export_failed', messageOf(error), 'error');
    }
    return this._since(before);
  }

  private _since(before: ProcessorStats): FlushResult {
    const { acknowledged, ended, pending } = this._counts;
    const exported = acknowledged - before.acknowledged;
    return { exported, pending, dropped: ended - pending - (before.ended - before.pending) - exported };
  }

  /** Counts and reports spans that are not sent. */
  private _drop(reason: DropReason, spans: number, details: string): void {
    this._lose(reason, spans);
    report(reason, details, 'error');
  }

  private _lose(reason: DropReason, spans: number): void {
    const { dropped } = this._counts;
    dropped[reason] = (dropped[reason] ?? 0) + spans;
  }

  private _startTimer(): void {
    try {
      this._timer = later(() => this._send(), this._options.scheduledDelayMillis);
    } catch {
      // Workers forbid timers at module scope: the span waits for the next one, or for a flush.
    }
  }

  /** Closes the filling batch and sends the queue. */
  private _send(): void {
    // A span that is being put into the batch, and that may have ended this one, has to be in it.
    this._isSendDue = this._isAdding;
    if (this._isAdding) return;
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
    if (this._current.spanCount) {
      this._queue.push(this._current);
      this._queuedBytes += this._current.byteLength;
      this._current = this._exporter.createBatch();
    }
    if (!this._abort) this._sending = this._sendQueue();
  }

  /** Sends the queue, in requests as large as may be, one after the other. Never rejects. */
  private async _sendQueue(): Promise<void> {
    const { _exporter, _options, _queue } = this;
    while (!this._abort && _queue.length) {
      let spans = 0;
      let bytes = 0;
      const batches = [];
      for (const batch of _queue) {
        if (spans && bytes + batch.byteLength > _options.maxRequestBytes) break;
        spans += batch.spanCount;
        bytes += batch.byteLength;
        batches.push(batch);
      }
      _queue.splice(0, batches.length);
      const abort = new AbortController();
      const givenUp = new Promise<ExportOutcome>((resolve) => {
        // Before the call: an exporter that ends a span comes back here.
        this._abort = (why) => {
          abort.abort(why);
          // An exporter that listens to the signal has a turn of the loop to say what it knows.
          setTimeout(resolve, 0, {});
        };
      });
      let timer: unknown;
      let outcome: ExportOutcome;
      try {
        const sent = _exporter.send(batches, abort.signal, () => this._endFlushes(Infinity));
        if ('then' in sent) {
          timer = later(() => {
            report('export_timeout', `${_options.exportTimeoutMillis} ms, ${spans} spans`, 'error');
            this._abort?.('the export timed out');
          }, _options.exportTimeoutMillis);
          outcome = await Promise.race([sent, givenUp]);
        } else outcome = sent;
      } catch (error) {
        outcome = { dropped: spans, why: messageOf(error) };
      }
      clearTimeout(timer as number | undefined);
      this._abort = undefined;
      this._settle(spans, bytes);
      this._book(spans, outcome ?? {});
    }
  }

  /** Counts what became of spans, and reports it where there is something to be said. */
  private _book(spans: number, outcome: ExportOutcome): void {
    const { acknowledged = 0, rejected = 0, dropped = 0, reason = 'export_failed', why } = outcome;
    const { _counts } = this;
    const lost = spans - acknowledged;
    _counts.acknowledged += acknowledged;
    _counts.rejected += rejected;
    _counts.unknown += lost - rejected - dropped;
    if (dropped) this._lose(reason, dropped);
    if (why !== undefined) {
      const details = `${lost} of ${spans} spans not acknowledged: ${why}`;
      if (rejected) report('spans_rejected', details, 'error');
      else if (lost) report('export_failed', details, 'error');
      else report('server_warning', details);
    }
  }

  /** Takes spans from those that are pending. */
  private _settle(spans: number, bytes: number): void {
    this._counts.pending -= spans;
    this._queuedBytes -= bytes;
    this._settled += spans;
    this._endFlushes(this._settled);
  }

  /** Ends the waiting of flushes for no more than so many spans. */
  private _endFlushes(count: number): void {
    this._flushes = this._flushes.filter(([target, resolve]) => target > count || resolve());
  }
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
