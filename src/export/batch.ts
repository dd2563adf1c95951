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
import type { BatchingExporter, SpanBatch, SpanExporter } from './exporter.ts';
import { ListBatch, listExporter } from './list-batch.ts';
import { type ProcessorStats, SpanCounts } from './span-counts.ts';

// A batch of large spans leaves early, whatever its count: requests are put together from whole batches.
const MAX_BATCH_BYTES = 1024 * 1024;
// What an exporter has at least for its own shutdown, however long the flush has taken.
const LEAST_SHUTDOWN_MILLIS = 1_000;

/**
 * Collects ended spans in batches and exports them one request at a time. A batch leaves when it is full, when its
 * first span has waited long enough, or on a flush; batches that gather while a request is under way leave together.
 * What an exporter may send again stays in the queue, for as long as that has room.
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
  /** True while a span is put into the batch: code of the application that runs meanwhile may end another one, or flush. */
  private _isAdding = false;
  /** True where the batch was to be sent meanwhile, which is made up for. */
  private _isSendDue = false;
  private _closed: Promise<FlushResult> | undefined;

  /** @throws RangeError naming an option that is unknown, not a number of 1 or more, or beyond its bound. */
  constructor(exporter: SpanExporter | BatchingExporter, options?: BatchSpanProcessorOptions) {
    const { maxRequestBytes = (exporter as BatchingExporter).maxRequestBytes } = options ?? {};
    this._options = checkedBatchOptions({ ...options, maxRequestBytes }, '');
    // The last span of a batch goes over the bound, hence the half.
    this._maxBatchBytes = Math.min(MAX_BATCH_BYTES, this._options.maxRequestBytes / 2);
    const batching = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this._delivery = new Delivery(batching, this._options, this._counts, () => this._send());
    this._current = batching.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.flags)) return;
    const { _options, _delivery, _counts, _current } = this;
    if (this._closed) {
      _counts._refuse('shutdown', '1 span');
      return;
    }
    // Before encoding, so that a full queue costs next to nothing.
    const { _stats } = _counts;
    const bytes = _delivery._bytes + _current.byteLength;
    if (_stats.pending >= _options.maxQueueSize || bytes >= _options.maxQueueBytes) {
      _counts._refuse('queue_full', `${_stats.pending} spans, ${bytes} bytes`);
      return;
    }
    // An application that has used up its stack catches that, and goes on: so what belongs together is done without a call in
    // between, which would throw there.
    const wasAdding = this._isAdding;
    this._isAdding = true;
    _stats.ended++;
    _stats.pending++;
    try {
      _current.add(span);
    } catch (error) {
      const { dropped } = _stats;
      _stats.pending--;
      _counts._settled++;
      dropped.encode_failed = (dropped.encode_failed ?? 0) + 1;
      report('encode_failed', messageOf(error), 'error');
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

  /** Sends what is due, or sees to it that it will be. */
  private _goOn(): void {
    const { _delivery, _options } = this;
    // Node's own timers and sockets would be left in pieces.
    if (!isStackFree()) Promise.resolve().then(() => this._goOn());
    else if (this._isSendDue || this._isFull()) this._send();
    else if (!_delivery._timer && this._current.spanCount) _delivery._startTimer(_options.scheduledDelayMillis);
  }

  /** Closes the filling batch and sends all there are, unless that is being done or is to be done later. */
  private _send(isBeside = false, firstRequestBytes?: number): Promise<void> | undefined {
    // A span that is being put into the batch, and that may have ended this one, has to be in it.
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
      // Without another one it goes on filling.
      if (this._current !== full) _delivery._push(full);
    }
    return _delivery._send(isBeside, firstRequestBytes);
  }

  /**
   * Sends all spans that ended before the call and waits until they are settled, until an attempt has failed that is
   * to be repeated later, or until the time is up: then it stops waiting, and the export goes on. Never rejects. May be
   * called at any time and concurrently.
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
   * Flushes, and where the receiver is there but cannot take spans now, tries again until the time is up; then aborts
   * what is still on its way and drops what is left. Spans that end afterwards are dropped. Never rejects; further
   * calls return the same promise.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    // Assigned before anything is done: from here on no span gets in, and an exporter may call this, too.
    this._closed ??= this._close(options, this.stats());
    return this._closed;
  }

  /** The counters as they are now. */
  stats(): ProcessorStats {
    return this._counts._copy();
  }

  /** One attempt at everything that is pending, without a pause before it. */
  private async _flush(millis: number, firstRequestBytes?: number): Promise<void> {
    const { _counts, _delivery } = this;
    if (_counts._stats.pending === 0) return;
    // Nothing awaits the I/O of another request, which may never end, or is told of its end.
    const flushed = ioPerRequest ? undefined : _counts._flushed();
    _delivery._resumeAt = 0;
    const own = this._send(ioPerRequest || firstRequestBytes !== undefined, firstRequestBytes);
    await within(millis, flushed ?? own);
  }

  /** Attempts, with the pauses between them, until nothing is pending, or until the time is up. */
  private async _drain(deadline: number): Promise<void> {
    const { _delivery } = this;
    const { _stats } = this._counts;
    for (;;) {
      await this._flush(deadline - now());
      // Nobody waits for a server that has never been there.
      const isHopeless = _stats.acknowledged === 0 && _delivery._failure?.reason === 'unreachable';
      if (_stats.pending === 0 || isHopeless || !(_delivery._resumeAt < deadline && now() < deadline)) return;
      await new Promise((resolve) => setTimeout(resolve, Math.max(_delivery._resumeAt - now(), 0)));
    }
  }

  private async _close(options: FlushOptions | undefined, before: ProcessorStats): Promise<FlushResult> {
    const { _delivery } = this;
    const deadline = now() + flushTimeout(options);
    // The caller has to have noted the promise before an exporter may call it, too.
    await undefined;
    await this._drain(deadline);
    await _delivery._stop();
    this._current = new ListBatch();
    await this._call(Math.max(deadline - now(), LEAST_SHUTDOWN_MILLIS), 'shutdown');
    return this._since(before);
  }

  /** Calls a method of the exporter, if it has it, and waits for it so long. Never rejects. */
  private async _call(millis: number, method: 'forceFlush' | 'shutdown'): Promise<void> {
    const { _exporter } = this._delivery;
    // Where there is nothing to wait for there is no timer, which Workers forbid at module scope.
    if (_exporter[method] === undefined) return;
    try {
      await within(millis, _exporter[method]());
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
