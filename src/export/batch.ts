import { ioPerRequest } from '#platform';
import { isStackFree } from '../core/call-stack.ts';
import { now } from '../core/clock.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { isSampled } from '../core/non-recording-span.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { type BatchSpanProcessorOptions, checkedBatchOptions } from './batch-options.ts';
import { Delivery } from './delivery.ts';
import { type BatchingExporter, type SpanBatch, type SpanExporter, untraced } from './exporter.ts';
import { ListBatch, listExporter } from './list-batch.ts';
import { type ProcessorStats, SpanCounts } from './span-counts.ts';

// A batch of large spans is closed early, whatever its span count, because requests consist of whole batches.
const MAX_BATCH_BYTES = 1024 * 1024;
// The time that an exporter has at least for its own shutdown, however long the flush took.
const LEAST_SHUTDOWN_MILLIS = 1_000;

/**
 * Collects ended spans in batches and exports them one request at a time. A batch is sent when it is full, when its
 * first span has waited for the scheduled delay, or on a flush. Batches that gather while a request is in flight are
 * sent together. Batches to be retried stay in the queue; while the queue is full, newly ended spans are dropped.
 *
 * Specification: OpenTelemetry Trace SDK, "Batching processor".
 */
export class BatchSpanProcessor implements SpanProcessor {
  readonly _options: Required<BatchSpanProcessorOptions>;
  readonly _delivery: Delivery;
  _maxBatchBytes: number;
  private readonly _counts = new SpanCounts();
  /** The batch that is filling. */
  private _current: SpanBatch;
  /** True while a span is being added to the batch. Application code that this calls may end another span, or flush. */
  private _isAdding = false;
  /** True if a send became due while a span was being added, and has been put off. */
  private _isSendDue = false;
  private _closed: Promise<FlushResult> | undefined;

  /** @throws RangeError naming an option that is unknown, not a number of 1 or more, or beyond its bound. */
  constructor(exporter: SpanExporter | BatchingExporter, options?: BatchSpanProcessorOptions) {
    const { maxRequestBytes = (exporter as BatchingExporter).maxRequestBytes } = options ?? {};
    this._options = checkedBatchOptions({ ...options, maxRequestBytes }, '');
    // Half, because the last span of a batch takes it over the bound.
    this._maxBatchBytes = Math.min(MAX_BATCH_BYTES, this._options.maxRequestBytes / 2);
    const batching = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this._delivery = new Delivery(batching, this._options, this._counts, () => this._send());
    this._current = batching.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.flags ?? span.spanContext().traceFlags)) return;
    const { _options, _delivery, _counts, _current } = this;
    if (this._closed) {
      _counts._refuse('shutdown', '1 span');
      return;
    }
    // Checked before encoding, so that a full queue costs next to nothing.
    const { _stats } = _counts;
    const bytes = _delivery._bytes + _current.byteLength;
    if (_stats.pending >= _options.maxQueueSize || bytes >= _options.maxQueueBytes) {
      _counts._refuse('queue_full', `${_stats.pending} spans, ${bytes} bytes`);
      return;
    }
    // An application may catch its own stack overflow and continue. A call could throw then, so none stands between
    // changes that belong together.
    const wasAdding = this._isAdding;
    this._isAdding = true;
    try {
      _current.add(span);
      _stats.ended++;
      _stats.pending++;
    } catch (error) {
      const { dropped } = _stats;
      _stats.ended++;
      dropped.encode_failed = (dropped.encode_failed ?? 0) + 1;
      report('encode_failed', messageOf(error), 'error');
      // A flush that began while the span was being added may wait for nothing else.
      _counts._endFlushes(_counts._settled);
    } finally {
      this._isAdding = wasAdding;
    }
    if (!_delivery._timer || this._isSendDue || this._isFull()) this._goOn();
  }

  private _isFull(): boolean {
    const { _current, _options } = this;
    return _current.spanCount >= _options.maxExportBatchSize || _current.byteLength >= this._maxBatchBytes;
  }

  /** Sends what is due, or schedules the next send. */
  private _goOn(): void {
    const { _delivery, _options } = this;
    // A stack overflow inside Node's timers or sockets would leave them in a broken state.
    if (!isStackFree()) Promise.resolve().then(() => this._goOn());
    else if (this._isSendDue || this._isFull()) this._send();
    else if (!_delivery._timer && this._current.spanCount) _delivery._startTimer(_options.scheduledDelayMillis);
  }

  /** Closes the batch that is filling and sends the queue, unless a send is in progress or has been put off. */
  private _send(isBeside = false, firstRequestBytes?: number): Promise<void> | undefined {
    // A span that is being added, whose encoding may have led to this call, has to be in the batch.
    this._isSendDue = this._isAdding;
    if (this._isAdding) return;
    const { _delivery, _current: full } = this;
    _delivery._stopTimer();
    if (full.spanCount) {
      try {
        this._current = _delivery._exporter.createBatch();
      } catch (error) {
        report('export_failed', messageOf(error), 'error');
      }
      // If no new batch could be created, the current one continues to fill.
      if (this._current !== full) _delivery._push(full);
    }
    return _delivery._send(isBeside, firstRequestBytes);
  }

  /**
   * Sends all spans that ended before the call. Waits until they are settled, until an attempt fails that will be
   * retried later, or until the time is up; in the last case, the export continues. Never rejects. May be called at any
   * time and concurrently.
   */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    const before = this.stats();
    const millis = flushTimeout(options);
    const deadline = now() + millis;
    await (options?._isLast ? this._drain(deadline) : this._flush(millis, options?._firstRequestBytes));
    await this._call(deadline - now(), 'forceFlush');
    return this._since(before);
  }

  /**
   * Flushes, and retries until the time is up unless the receiver is unreachable and has never accepted a span. Then
   * aborts exports in flight and drops the remaining spans. Spans that end after the call are dropped. Never rejects;
   * further calls return the same promise.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    // Assigned before anything else runs: no span is accepted from here on, and an exporter may call `shutdown` too.
    this._closed ??= this._close(options, this.stats());
    return this._closed;
  }

  /** Returns the current counters. */
  stats(): ProcessorStats {
    return this._counts._copy();
  }

  /** Attempts once to send everything that is pending, without a pause before. */
  private async _flush(millis: number, firstRequestBytes?: number): Promise<void> {
    const { _counts, _delivery } = this;
    if (_counts._stats.pending === 0 && !this._isAdding) return;
    // Where I/O belongs to a request, only this call's sends are awaited: those of another request may never settle.
    const flushed = ioPerRequest ? undefined : _counts._flushed();
    _delivery._resumeAt = 0;
    const own = this._send(ioPerRequest || firstRequestBytes !== undefined, firstRequestBytes);
    await within(millis, flushed ?? own);
  }

  /** Repeats attempts, with pauses between them, until nothing is pending or the time is up. */
  private async _drain(deadline: number): Promise<void> {
    const { _delivery } = this;
    const { _stats } = this._counts;
    for (;;) {
      await this._flush(deadline - now());
      // A server that has never been there is not worth waiting for.
      const isHopeless = _stats.acknowledged === 0 && _delivery._failure?.reason === 'unreachable';
      if (_stats.pending === 0 || isHopeless || !(_delivery._resumeAt < deadline && now() < deadline)) return;
      await new Promise((resolve) => setTimeout(resolve, Math.max(_delivery._resumeAt - now(), 0)));
    }
  }

  private async _close(options: FlushOptions | undefined, before: ProcessorStats): Promise<FlushResult> {
    const { _delivery } = this;
    const deadline = now() + flushTimeout(options);
    // Lets `shutdown` assign `_closed` before an exporter can call `shutdown` too.
    await undefined;
    await this._drain(deadline);
    await _delivery._stop();
    this._current = new ListBatch();
    await this._call(Math.max(deadline - now(), LEAST_SHUTDOWN_MILLIS), 'shutdown');
    return this._since(before);
  }

  /** Calls a method of the exporter, if it has one, and waits for it at most `millis`. Never rejects. */
  private async _call(millis: number, method: 'forceFlush' | 'shutdown'): Promise<void> {
    const { _exporter } = this._delivery;
    // Returns before starting a timer, because Workers forbid timers at module scope.
    if (_exporter[method] === undefined) return;
    try {
      await within(
        millis,
        untraced(() => _exporter[method]?.()),
      );
    } catch (error) {
      report('export_failed', messageOf(error), 'error');
    }
  }

  private _since(before: ProcessorStats): FlushResult {
    const { acknowledged, ended, pending } = this._counts._stats;
    const exported = acknowledged - before.acknowledged;
    return { exported, pending, dropped: ended - pending - (before.ended - before.pending) - exported };
  }
}
