import { detached, ioPerRequest } from '#platform';
import { isStackFree } from '../core/call-stack.ts';
import { now } from '../core/clock.ts';
import { later } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { BatchSpanProcessorOptions } from './batch-options.ts';
import { BatchQueue } from './batch-queue.ts';
import type { BatchingExporter, ExportOutcome, SpanBatch } from './exporter.ts';
import { Flight } from './flight.ts';
import { type SpanCounts, spansText } from './span-counts.ts';

// The longest and the shortest pause before a retry, whatever the exporter asks for.
const MAX_PAUSE_MILLIS = 30_000;
const LEAST_PAUSE_MILLIS = 100;
const SMALL_REQUEST_BYTES = 64 * 1024;
// Above this rate, full batches are held for up to 100 ms and share a request, unless they fill more than PACED_SHARE of
// the queue: a request for each costs 0.4 µs a span at 20,000 spans a second (Node 20).
const PACED_PER_MILLI = 5;
const MAX_PACED_MILLIS = 100;
const PACED_SHARE = 1 / 16;

/**
 * Takes full batches to an exporter, one request at a time; those that gather meanwhile leave together. What an exporter
 * may send again stays in the queue.
 */
export class Delivery {
  readonly _exporter: BatchingExporter;
  private readonly _options: Required<BatchSpanProcessorOptions>;
  private readonly _counts: SpanCounts;
  private readonly _wake: () => void;

  readonly _flights = new Set<Flight>();
  /** Bytes of all batches, those on their way included. */
  _bytes = 0;
  /** Runs until there is something to be sent. */
  _timer: unknown;
  /** No request sets out before this reading of the clock, unless somebody waits for a flush. */
  _resumeAt = 0;
  /** Why the last attempt has failed; `undefined` where it has not. */
  _failure: ExportOutcome | undefined;

  private _queue = new BatchQueue();
  /** Batches in the queue that may have arrived. */
  private readonly _uncertain = new Set<SpanBatch>();
  /** What a server has refused as too large lowers the bound, which rises again slowly. */
  private _maxRequestBytes: number;
  /** Bytes of the next request: after a failure it is a single batch that finds out whether the server is back. */
  private _requestBytes: number;
  /** Full batches wait until this reading for further ones, unless somebody waits for them or they are many. */
  private _pacedUntil = 0;
  private _isOver = false;

  /**
   * Takes back exports that have taken longer than they may: where I/O ends with a request, they never settle when that is
   * over, and nor do their timers. A batch that is lost so twice counts as unknown. A field and no method, so that bundles for
   * other runtimes can leave it out.
   */
  private readonly _retakeLost = ioPerRequest
    ? () => {
        for (const flight of this._flights) {
          const { _batches, _startedAt } = flight;
          if (now() - _startedAt < this._options.exportTimeoutMillis) continue;
          if (_batches.some((batch) => this._uncertain.has(batch))) {
            this._land(flight, { why: 'the request that it was sent in has ended' });
            continue;
          }
          this._flights.delete(flight);
          for (const batch of _batches) {
            this._uncertain.add(batch);
            this._queue._push(batch);
          }
        }
      }
    : undefined;

  /** @param wake - Called when it is time to send. */
  constructor(
    exporter: BatchingExporter,
    options: Required<BatchSpanProcessorOptions>,
    counts: SpanCounts,
    wake: () => void,
  ) {
    this._exporter = exporter;
    this._options = options;
    this._counts = counts;
    this._wake = wake;
    this._maxRequestBytes = this._requestBytes = options.maxRequestBytes;
  }

  _startTimer(millis: number): void {
    this._stopTimer();
    try {
      this._timer = detached(() =>
        later(() => {
          this._pacedUntil = 0;
          this._wake();
        }, millis),
      );
    } catch {
      // Workers forbid timers at module scope: the span waits for the next one, or for a flush.
    }
  }

  _stopTimer(): void {
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
  }

  /** Adds a full batch to the queue. */
  _push(batch: SpanBatch): void {
    this._queue._push(batch);
    // Memory that is allocated is to be close to what is counted, the more so the fuller the queue is. To the byte would be a
    // copy of each batch into memory that is new, 80 ns a span.
    if (this._flights.size > 0 || this._failure) {
      try {
        batch.compact?.(this._bytes > this._options.maxQueueBytes / 4 ? 0.875 : 0.5);
      } catch (error) {
        report('export_failed', messageOf(error), 'error');
      }
    }
    this._bytes += batch.byteLength;
  }

  /**
   * Sends the queue, in requests as large as may be, one after the other. Never rejects. Keeps nothing alive of whoever calls.
   *
   * @param isBeside - Whatever else is on its way.
   * @param firstRequestBytes - All at once, in a first request of so many bytes.
   */
  _send(isBeside: boolean, firstRequestBytes?: number): Promise<void> {
    // Half of what is begun here would be in the way for ever.
    if (!isStackFree()) return Promise.resolve().then(() => this._send(isBeside, firstRequestBytes));
    return detached(() => {
      if (firstRequestBytes !== undefined) this._sendAtOnce(firstRequestBytes);
      return this._sendAll(isBeside);
    });
  }

  private async _sendAll(isBeside: boolean): Promise<void> {
    const { _exporter, _flights } = this;
    this._retakeLost?.();
    while (!this._isOver && this._resumeAt <= now() && (isBeside || _flights.size === 0)) {
      if (!isBeside && this._isPaced()) return;
      const batches = this._queue._take(this._requestBytes, _exporter.isOneByOne);
      if (batches.length === 0) return;
      const landed = this._start(batches, false);
      // What is there at once is counted at once.
      if (landed) await landed;
      isBeside &&= ioPerRequest;
    }
  }

  /** Sends all there is, beside each other: nobody may be there to send the next one when the first is answered. */
  private _sendAtOnce(firstRequestBytes: number): void {
    for (let bytes = firstRequestBytes; !this._isOver; bytes = this._maxRequestBytes) {
      const batches = this._queue._take(bytes);
      if (batches.length === 0) return;
      this._start(batches, true)?.then(() => this._sendAll(false));
    }
  }

  /** One request. Settles when it is counted; `undefined` where it is by now. */
  private _start(batches: readonly SpanBatch[], isLeaving: boolean): Promise<void> | undefined {
    const { _exporter, _flights, _options } = this;
    this._pacedUntil = now() + Math.min(MAX_PACED_MILLIS, Math.floor(_options.maxExportBatchSize / PACED_PER_MILLI));
    const flight = new Flight(batches);
    // Before the call: an exporter that ends a span comes back here.
    _flights.add(flight);
    const outcome = flight._begin(_exporter, _options.exportTimeoutMillis, isLeaving);
    if ('then' in outcome) return outcome.then((said) => this._land(flight, said));
    this._land(flight, outcome);
  }

  /** True where full batches wait for further ones; a timer then ends that. */
  private _isPaced(): boolean {
    const { _bytes, _options, _counts } = this;
    const millis = this._pacedUntil - now();
    const isMuch =
      _bytes > _options.maxQueueBytes * PACED_SHARE || _counts._stats.pending > _options.maxQueueSize * PACED_SHARE;
    const isUseless = ioPerRequest || this._exporter.isOneByOne || millis <= 0 || _bytes === 0;
    if (isUseless || isMuch || _counts._flushes.length > 0) return false;
    this._startTimer(Math.min(millis, _options.scheduledDelayMillis));
    return true;
  }

  /** Counts what has become of an export, or keeps its batches. */
  private _land(flight: Flight, outcome: ExportOutcome): void {
    // What had been given up for lost is counted.
    if (!this._flights.delete(flight)) return;
    const { _batches, _spans, _bytes } = flight;
    const { acknowledged = 0, rejected, retryMillis, why } = outcome;
    if (retryMillis !== undefined && !this._isOver) this._keep(_batches, outcome, retryMillis);
    else if (outcome.reason === 'too_large' && _batches.length > 1 && !this._isOver) {
      this._queue._putBack(_batches);
      this._maxRequestBytes = this._requestBytes = _bytes / 2;
    } else {
      // The bound of a server may change, and a small request may have been refused for another reason.
      this._maxRequestBytes *= this._maxRequestBytes < SMALL_REQUEST_BYTES ? 2 : 1.1;
      this._maxRequestBytes = Math.min(this._maxRequestBytes, this._options.maxRequestBytes);
      this._failure = undefined;
      this._requestBytes = Math.min(this._maxRequestBytes, 2 * Math.max(_bytes, this._requestBytes));
      this._bytes -= _bytes;
      this._counts._settle(_spans, outcome, this._forget(_batches));
      const lost = _spans - acknowledged;
      const details = `${lost} of ${_spans} spans not acknowledged: ${why ?? 'nobody knows why'}`;
      if (rejected) report('spans_rejected', details, 'error');
      else if (lost > 0) report('export_failed', details, 'error');
      else if (why !== undefined) report('server_warning', details);
    }
  }

  /** Batches that are to be sent again later. */
  private _keep(batches: readonly SpanBatch[], outcome: ExportOutcome, retryMillis: number): void {
    const { _counts } = this;
    // It may be what is in them that fails: others have their turn first.
    for (const batch of batches) {
      if (outcome.unknown) this._uncertain.add(batch);
      this._queue._push(batch);
    }
    // A single failure is an everyday matter.
    if (this._failure) report('export_delayed', `${spansText(_counts._stats.pending)} waiting: ${outcome.why}`);
    this._failure = outcome;
    this._requestBytes = 1;
    const millis = retryMillis >= LEAST_PAUSE_MILLIS ? Math.min(retryMillis, MAX_PAUSE_MILLIS) : LEAST_PAUSE_MILLIS;
    const resumeAt = now() + millis;
    this._resumeAt = resumeAt;
    try {
      later(() => {
        // A flush may have been earlier.
        if (this._resumeAt !== resumeAt) return;
        // Timers may be early.
        this._resumeAt = this._pacedUntil = 0;
        this._wake();
      }, millis);
    } catch {
      // As above.
    }
    _counts._endFlushes(Infinity);
  }

  /** How many spans of these batches may have arrived with an earlier attempt, whatever the last one came to. */
  private _forget(batches: Iterable<SpanBatch>): number {
    let spans = 0;
    for (const batch of batches) if (this._uncertain.delete(batch)) spans += batch.spanCount;
    return spans;
  }

  /** How many spans are pending, and why the last attempt has failed, if it has; `''` where none are. */
  _unsent(): string {
    const { pending } = this._counts._stats;
    const { why } = this._failure ?? {};
    return pending ? spansText(pending) + (why ? `, the last attempt: ${why}` : '') : '';
  }

  /** Aborts what is on its way, and drops all spans that are left, in the batch that was filling, too. */
  async _stop(): Promise<void> {
    const { _flights, _counts } = this;
    // From here on nothing is sent, and nothing is kept.
    this._isOver = true;
    const why = 'the deadline of shutdown was reached';
    // What another request has begun cannot be aborted, and may never settle.
    if (!ioPerRequest && _flights.size > 0) {
      for (const flight of _flights) flight._giveUp(why);
      // A turn of the loop later they are counted.
      await new Promise((resolve) => setTimeout(resolve));
    }
    for (const flight of _flights) this._land(flight, { why });
    const { pending } = _counts._stats;
    if (pending) {
      const { reason = 'shutdown' } = this._failure ?? {};
      report('shutdown', this._unsent(), 'error');
      _counts._settle(pending, { dropped: pending, reason }, this._forget(this._uncertain));
    }
    this._queue = new BatchQueue();
    this._bytes = 0;
  }
}
