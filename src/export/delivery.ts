import { detached, ioPerRequest } from '#platform';
import { isStackFree } from '../core/call-stack.ts';
import { now } from '../core/clock.ts';
import { background } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { spansText } from '../core/text.ts';
import type { BatchSpanProcessorOptions } from './batch-options.ts';
import { BatchQueue } from './batch-queue.ts';
import type { BatchingExporter, ExportOutcome, SpanBatch } from './exporter.ts';
import { Flight } from './flight.ts';
import type { SpanCounts } from './span-counts.ts';

// The longest and the shortest pause before a retry, whatever pause the exporter asks for.
const MAX_PAUSE_MILLIS = 30_000;
const LEAST_PAUSE_MILLIS = 100;
const SMALL_REQUEST_BYTES = 64 * 1024;
// Above this rate, full batches wait for up to 100 ms and share a request, unless they fill more than PACED_SHARE of
// the queue. One request for each batch costs 0.4 µs per span at 20,000 spans per second (Node 20).
const PACED_PER_MILLI = 5;
const MAX_PACED_MILLIS = 100;
const PACED_SHARE = 1 / 16;

/**
 * Hands full batches to an exporter, one request at a time. Batches that gather meanwhile are sent together. Batches to
 * be retried go back to the queue.
 */
export class Delivery {
  readonly _exporter: BatchingExporter;
  private readonly _options: Required<BatchSpanProcessorOptions>;
  private readonly _counts: SpanCounts;
  private readonly _wake: () => void;

  readonly _flights = new Set<Flight>();
  /** Bytes of all full batches, including those in flight. */
  _bytes = 0;
  /** The timer of the next scheduled send. */
  _timer: unknown;
  /** No request starts before this clock reading. A flush resets it. */
  _resumeAt = 0;
  /** The outcome of the last attempt if it failed and will be retried; otherwise `undefined`. */
  _failure: ExportOutcome | undefined;

  private _queue = new BatchQueue();
  /** Batches in the queue that an earlier attempt may have delivered. */
  private readonly _uncertain = new Set<SpanBatch>();
  /** The bound for a request. It drops when a server refuses a request as too large, and rises again slowly. */
  private _maxRequestBytes: number;
  /** Bytes of the next request. After a failure, a single batch finds out whether the server is back. */
  private _requestBytes: number;
  /** Full batches wait for further ones until this clock reading, unless a flush is waiting or the queue fills up. */
  private _pacedUntil = 0;
  private _isOver = false;

  /**
   * Takes back the batches of exports that have exceeded their timeout. Where I/O belongs to a request, an export does
   * not settle and its timer does not fire once that request has ended. A batch that is lost twice counts as unknown.
   * This is a field rather than a method, so that bundles for other runtimes can leave it out.
   */
  private readonly _retakeLost = ioPerRequest
    ? () => {
        for (const flight of this._flights) {
          const { _batches, _startedAt } = flight;
          if (now() - _startedAt < this._options.exportTimeoutMillis) continue;
          if (_batches.some((batch) => this._uncertain.has(batch))) {
            this._land(flight, { why: 'the request during which it was sent has ended' });
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
    // Without a timer, the span waits for the next span, or for a flush.
    this._timer = background(() => {
      this._pacedUntil = 0;
      this._wake();
    }, millis);
  }

  _stopTimer(): void {
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
  }

  /** Adds a full batch to the queue. */
  _push(batch: SpanBatch): void {
    this._queue._push(batch);
    // Keeps allocated memory close to the counted bytes: the fuller the queue, the closer. An exact fit would copy each
    // batch into new memory, which costs 80 ns per span.
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
   * Sends the queue in requests that are as large as allowed, one after the other. Never rejects. Runs outside the
   * caller's asynchronous context, so that it keeps nothing of the caller's alive.
   *
   * @param isBeside - Sends even if other requests are in flight.
   * @param firstRequestBytes - Sends everything at once; the first request has at most this many bytes.
   */
  _send(isBeside: boolean, firstRequestBytes?: number): Promise<void> {
    // A stack overflow halfway through could leave a flight behind that blocks all later ones.
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
      // A synchronous outcome has already been counted, without an await.
      if (landed) await landed;
      isBeside &&= ioPerRequest;
    }
  }

  /** Sends everything in concurrent requests, because the page may be gone when the first one is answered. */
  private _sendAtOnce(firstRequestBytes: number): void {
    for (let bytes = firstRequestBytes; !this._isOver; bytes = this._maxRequestBytes) {
      const batches = this._queue._take(bytes);
      if (batches.length === 0) return;
      this._start(batches, true)?.then(() => this._sendAll(false));
    }
  }

  /** Starts one request. The promise settles when its outcome is counted; `undefined` if it is counted already. */
  private _start(batches: readonly SpanBatch[], isLeaving: boolean): Promise<void> | undefined {
    const { _exporter, _flights, _options } = this;
    this._pacedUntil = now() + Math.min(MAX_PACED_MILLIS, Math.floor(_options.maxExportBatchSize / PACED_PER_MILLI));
    const flight = new Flight(batches);
    // Before the call, because an exporter that ends a span re-enters this class.
    _flights.add(flight);
    const outcome = flight._begin(_exporter, _options.exportTimeoutMillis, isLeaving);
    if ('then' in outcome) return outcome.then((said) => this._land(flight, said));
    this._land(flight, outcome);
  }

  /** True if full batches are to wait for further ones. A timer then ends the wait. */
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

  /** Counts the outcome of an export, or keeps its batches for a retry. */
  private _land(flight: Flight, outcome: ExportOutcome): void {
    // An export that was given up has already been counted or queued again.
    if (!this._flights.delete(flight)) return;
    const { _batches, _spans, _bytes } = flight;
    const { acknowledged = 0, rejected, retryMillis, why } = outcome;
    if (retryMillis !== undefined && !this._isOver) this._keep(_batches, outcome, retryMillis);
    else if (outcome.reason === 'too_large' && _batches.length > 1 && !this._isOver) {
      this._queue._putBack(_batches);
      this._maxRequestBytes = this._requestBytes = _bytes / 2;
    } else {
      // A server's limit may change, and a small request may have been refused for another reason.
      this._maxRequestBytes *= this._maxRequestBytes < SMALL_REQUEST_BYTES ? 2 : 1.1;
      this._maxRequestBytes = Math.min(this._maxRequestBytes, this._options.maxRequestBytes);
      this._failure = undefined;
      this._requestBytes = Math.min(this._maxRequestBytes, 2 * Math.max(_bytes, this._requestBytes));
      this._bytes -= _bytes;
      this._counts._settle(_spans, outcome, this._forget(_batches));
      const lost = _spans - acknowledged;
      const details = `${lost} of ${_spans} spans not acknowledged: ${why ?? 'no reason given'}`;
      if (rejected) report('spans_rejected', details, 'error');
      else if (lost > 0) report('export_failed', details, 'error');
      else if (why !== undefined) report('server_warning', details);
    }
  }

  /** Keeps batches for a retry. */
  private _keep(batches: readonly SpanBatch[], outcome: ExportOutcome, retryMillis: number): void {
    const { _counts } = this;
    // They go to the end of the queue, because their content may be the cause of the failure.
    for (const batch of batches) {
      if (outcome.unknown) this._uncertain.add(batch);
      this._queue._push(batch);
    }
    // A single failure is routine.
    if (this._failure) report('export_delayed', `${spansText(_counts._stats.pending)} waiting: ${outcome.why}`);
    this._failure = outcome;
    this._requestBytes = 1;
    const millis = retryMillis >= LEAST_PAUSE_MILLIS ? Math.min(retryMillis, MAX_PAUSE_MILLIS) : LEAST_PAUSE_MILLIS;
    const resumeAt = now() + millis;
    this._resumeAt = resumeAt;
    // Where I/O belongs to a request, the timer would be lost with it, or keep a Durable Object in memory as long as the
    // server is down. There, the flushes of events repeat themselves.
    if (!ioPerRequest) {
      background(() => {
        // A flush may have come first.
        if (this._resumeAt !== resumeAt) return;
        // Reset, because timers may fire early.
        this._resumeAt = this._pacedUntil = 0;
        this._wake();
      }, millis);
    }
    _counts._endFlushes(Infinity);
  }

  /** Returns how many spans of these batches an earlier attempt may have delivered, and forgets the batches. */
  private _forget(batches: Iterable<SpanBatch>): number {
    let spans = 0;
    for (const batch of batches) if (this._uncertain.delete(batch)) spans += batch.spanCount;
    return spans;
  }

  /** Says how many spans are pending and why the last attempt failed, if it did; `''` if none are pending. */
  _unsent(): string {
    const { pending } = this._counts._stats;
    const { why } = this._failure ?? {};
    return pending ? spansText(pending) + (why ? `; last attempt: ${why}` : '') : '';
  }

  /** Aborts exports in flight and drops all remaining spans, including those of the batch that is filling. */
  async _stop(): Promise<void> {
    const { _flights, _counts } = this;
    // From here on nothing is sent or kept for a retry.
    this._isOver = true;
    const why = 'the shutdown deadline was reached';
    // Where I/O belongs to a request, an export of another request cannot be aborted and may never settle.
    if (!ioPerRequest && _flights.size > 0) {
      for (const flight of _flights) flight._giveUp(why);
      // Aborted exports are counted one turn of the event loop later.
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
