import { constrained, ioPerRequest } from '#platform';
import { isStackFree } from '../core/call-stack.ts';
import { now } from '../core/clock.ts';
import { later, within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { isSampled } from '../core/non-recording-span.ts';
import { numberOptions } from '../core/options.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import { BatchQueue } from './batch-queue.ts';
import type { BatchingExporter, DropReason, ExportOutcome, SpanBatch, SpanExporter } from './exporter.ts';
import { ListBatch, listExporter } from './list-batch.ts';

/** Settings of a {@link BatchSpanProcessor}. */
export interface BatchSpanProcessorOptions {
  /**
   * The longest time that a span waits before its batch is sent, in milliseconds. Environment: `OTEL_BSP_SCHEDULE_DELAY`.
   * Default: 5,000.
   */
  scheduledDelayMillis?: number;
  /**
   * Milliseconds one export may take; then its spans count as `unknown`. Environment: `OTEL_BSP_EXPORT_TIMEOUT`. Default:
   * 30,000.
   */
  exportTimeoutMillis?: number;
  /**
   * Spans that make a batch leave before the delay is over. Environment: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. Default: 512.
   */
  maxExportBatchSize?: number;
  /**
   * Spans held at most, those on their way included; further ones are dropped and counted. Environment:
   * `OTEL_BSP_MAX_QUEUE_SIZE`. Default: 65,536.
   */
  maxQueueSize?: number;
  /** Bytes held at most, those on their way included. Default: 16 MiB; 2 MiB in browsers, Workers and edge runtimes. */
  maxQueueBytes?: number;
  /**
   * Bytes of one request at most, before compression; a backlog leaves in requests of this size. At most 64 MiB,
   * and no more than a quarter of `maxQueueBytes`. Default: 8 MiB; 3 MiB with an exporter over gRPC.
   */
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
// The specification's bound for requests.
const MAX_REQUEST_BYTES = 64 * MEBIBYTE;
// Nobody's wish is waited for longer, however long a server is to be left alone.
const MAX_PAUSE_MILLIS = 30_000;
// … nor asked again sooner, whatever an exporter says.
const LEAST_PAUSE_MILLIS = 100;
const SMALL_REQUEST_BYTES = 64 * 1024;
// Batches that fill up at a higher rate than that leave together, those of 100 ms at most, unless they are more than this
// part of what the queue holds: a request for each costs 0.4 µs a span at 20,000 spans a second (Node 20).
const PACED_PER_MILLI = 5;
const MAX_PACED_MILLIS = 100;
const PACED_SHARE = 1 / 16;
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

/** Batches that are on their way. */
interface Flight {
  readonly _batches: readonly SpanBatch[];
  readonly _spans: number;
  readonly _bytes: number;
  readonly _startedAt: number;
  /** Aborts the export, which is over a turn of the loop later at most. */
  _giveUp: (why: string) => void;
}

/**
 * Collects ended spans in batches and exports them one request at a time. A batch leaves when it is full, when its
 * first span has waited long enough, or on a flush; batches that gather while a request is under way leave together.
 * What an exporter may send again stays in the queue, for as long as that has room.
 *
 * Specification: OpenTelemetry Trace SDK, "Batching processor".
 */
export class BatchSpanProcessor implements SpanProcessor {
  readonly _exporter: BatchingExporter;
  readonly _options: Required<BatchSpanProcessorOptions>;
  _maxBatchBytes: number;

  // The batch that is filling, and the full ones behind those that are on their way.
  private _current: SpanBatch;
  private _queue = new BatchQueue();
  readonly _flights = new Set<Flight>();
  private _timer: unknown;
  /** What a server has refused as too large lowers the bound, which rises again slowly. */
  private _maxRequestBytes: number;
  /** Bytes of the next request: after a failure it is a single batch that finds out whether the server is back. */
  private _requestBytes: number;
  /** No request sets out before this reading of the clock, unless somebody waits for a flush. */
  private _resumeAt = 0;
  /** Full batches wait until this reading for further ones, unless somebody waits for them or they are many. */
  private _pacedUntil = 0;
  /** Why the last attempt has failed; `undefined` where it has not. */
  private _failure: ExportOutcome | undefined;
  /** Batches in the queue that may have arrived. */
  private readonly _uncertain = new Set<SpanBatch>();

  private readonly _counts: ProcessorStats = {
    ended: 0,
    acknowledged: 0,
    rejected: 0,
    unknown: 0,
    pending: 0,
    // An exporter names the reasons, `__proto__` too.
    dropped: Object.create(null),
  };
  /** Bytes of all batches but the one that is filling. */
  private _queuedBytes = 0;
  /** True while a span is put into a batch, which may run code of the application … */
  private _isAdding = false;
  /** … that asks for the batch to be sent. */
  private _isSendDue = false;
  // A flush is over when as many spans are done with as had come before it: those that come later are behind them.
  private _settled = 0;
  private _flushes: (readonly [target: number, resolve: () => void])[] = [];
  private _closed: Promise<FlushResult> | undefined;
  private _isOver = false;

  /**
   * Takes back exports that have taken longer than they may: where I/O ends with a request, they never settle when that is
   * over, and nor do their timers. What is lost so twice is given up. A field, which bundlers leave out elsewhere.
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

  /** @throws RangeError naming an option that is unknown, not a number of 1 or more, or beyond its bound. */
  constructor(exporter: SpanExporter | BatchingExporter, options?: BatchSpanProcessorOptions) {
    const { maxRequestBytes = (exporter as BatchingExporter).maxRequestBytes } = options ?? {};
    this._options = checkedBatchOptions({ ...options, maxRequestBytes }, '');
    // The batches of a request may have to be put together, in memory that is not to be as much as the queue once more.
    this._options.maxRequestBytes = Math.min(this._options.maxRequestBytes, this._options.maxQueueBytes / 4);
    // A batch of large spans leaves early, whatever its count: requests are put together from whole batches. The last
    // span of one goes over the bound, hence the half.
    this._maxBatchBytes = Math.min(MEBIBYTE, this._options.maxRequestBytes / 2);
    this._maxRequestBytes = this._requestBytes = this._options.maxRequestBytes;
    this._exporter = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this._current = this._exporter.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.flags)) return;
    const { _options, _current, _counts } = this;
    if (this._closed) {
      this._refuse('shutdown', '1');
      return;
    }
    // Before encoding, so that a full queue costs next to nothing.
    const bytes = this._queuedBytes + _current.byteLength;
    if (_counts.pending >= _options.maxQueueSize || bytes >= _options.maxQueueBytes) {
      this._refuse('queue_full', `${_counts.pending} spans, ${bytes} bytes`);
      return;
    }
    // An application that has used up its stack catches that, and goes on: so what belongs together is done without a call in
    // between, which would throw there.
    const wasAdding = this._isAdding;
    this._isAdding = true;
    _counts.ended++;
    _counts.pending++;
    try {
      _current.add(span);
    } catch (error) {
      const { dropped } = _counts;
      _counts.pending--;
      dropped.encode_failed = (dropped.encode_failed ?? 0) + 1;
      report('encode_failed', messageOf(error), 'error');
    } finally {
      this._isAdding = wasAdding;
    }
    if (!this._timer || this._isSendDue || this._isFull()) this._goOn();
  }

  private _isFull(): boolean {
    const { _current, _options } = this;
    return _current.spanCount >= _options.maxExportBatchSize || _current.byteLength >= this._maxBatchBytes;
  }

  /** Sends what is due, or sees to it that it will be. */
  private _goOn(): void {
    // Node's own timers and sockets would be left in pieces.
    if (!isStackFree()) Promise.resolve().then(() => this._goOn());
    else if (this._isSendDue || this._isFull()) this._send();
    else if (!this._timer && this._current.spanCount) this._startTimer(this._options.scheduledDelayMillis);
  }

  /**
   * Sends all spans that ended before the call and waits until they are settled, until an attempt has failed that is
   * to be repeated later, or until the time is up: then it stops waiting, and the export goes on. Never rejects. May be
   * called at any time and concurrently.
   */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    const before = this.stats();
    const millis = flushTimeout(options);
    await (options?._isLast ? this._drain(now() + millis) : this._flush(millis, options?._firstRequestBytes));
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
    return { ...this._counts, dropped: { ...this._counts.dropped } };
  }

  /** How many spans are pending, and why the last attempt has failed, if it has; `''` where none are. */
  _unsent(): string {
    const { pending } = this._counts;
    const { why } = this._failure ?? {};
    return pending ? spansText(pending) + (why ? `, the last attempt: ${why}` : '') : '';
  }

  /** One attempt at everything that is pending, without a pause before it. */
  private async _flush(millis: number, firstRequestBytes?: number): Promise<void> {
    const { pending } = this._counts;
    if (pending === 0) return;
    const flushed = new Promise<void>((resolve) => this._flushes.push([this._settled + pending, resolve]));
    this._resumeAt = 0;
    const own = this._send(ioPerRequest || firstRequestBytes !== undefined, firstRequestBytes);
    // Nothing awaits the I/O of another request, which may never end.
    await within(millis, ioPerRequest ? own : flushed);
  }

  /** Attempts, with the pauses between them, until nothing is pending, or until the time is up. */
  private async _drain(deadline: number): Promise<void> {
    const { _counts } = this;
    for (;;) {
      await this._flush(deadline - now());
      // Nobody waits for a server that has never been there.
      const isHopeless = _counts.acknowledged === 0 && this._failure?.reason === 'unreachable';
      if (_counts.pending === 0 || isHopeless || !(this._resumeAt < deadline && now() < deadline)) return;
      await new Promise((resolve) => setTimeout(resolve, this._resumeAt - now()));
    }
  }

  private async _close(options: FlushOptions | undefined, before: ProcessorStats): Promise<FlushResult> {
    const { _counts, _flights } = this;
    const deadline = now() + flushTimeout(options);
    // The caller has to have noted the promise before an exporter may call it, too.
    await undefined;
    await this._drain(deadline);
    // From here on nothing is sent, and nothing is kept.
    this._isOver = true;
    // What another request has begun cannot be aborted, and may never settle.
    if (!ioPerRequest && _flights.size > 0) {
      for (const flight of _flights) flight._giveUp('the deadline of shutdown was reached');
      // A turn of the loop later they are counted.
      await new Promise((resolve) => setTimeout(resolve));
    }
    for (const flight of _flights) this._land(flight, {});
    this._queue = new BatchQueue();
    this._current = new ListBatch();
    const { pending } = _counts;
    if (pending) {
      const { reason = 'shutdown' } = this._failure ?? {};
      const details = this._unsent();
      this._settle(pending, this._queuedBytes);
      this._count(pending, { dropped: pending, reason }, this._forget(this._uncertain));
      report('shutdown', details, 'error');
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

  /** Counts and reports a span that has ended and is not taken. */
  private _refuse(reason: DropReason, details: string): void {
    this._lose(reason, 1);
    this._counts.ended++;
    report(reason, details, 'error');
  }

  private _lose(reason: DropReason, spans: number): void {
    const { dropped } = this._counts;
    dropped[reason] = (dropped[reason] ?? 0) + spans;
  }

  private _startTimer(millis: number): void {
    clearTimeout(this._timer as number | undefined);
    try {
      this._timer = later(() => {
        this._pacedUntil = 0;
        this._send();
      }, millis);
    } catch {
      // Workers forbid timers at module scope: the span waits for the next one, or for a flush.
    }
  }

  /** Closes the filling batch and sends the queue, unless that is being done or is to be done later. */
  private _send(isBeside = false, firstRequestBytes?: number): Promise<void> | undefined {
    // A span that is being put into the batch, and that may have ended this one, has to be in it.
    this._isSendDue = this._isAdding;
    if (this._isAdding) return;
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
    const { _current: full } = this;
    if (full.spanCount) {
      try {
        this._current = this._exporter.createBatch();
        this._queue._push(full);
        // What is held is to be what is counted, or not much more when it becomes much. To the byte would be a copy of each
        // batch into memory that is new, 80 ns a span.
        if (this._flights.size > 0 || this._failure) {
          full.compact?.(this._queuedBytes > this._options.maxQueueBytes / 4 ? 0.875 : 0.5);
        }
      } catch (error) {
        report('export_failed', messageOf(error), 'error');
      }
      // Without another one it goes on filling.
      if (this._current !== full) this._queuedBytes += full.byteLength;
    }
    this._retakeLost?.();
    if (isBeside || this._flights.size === 0) return this._sendQueue(isBeside, firstRequestBytes);
  }

  /**
   * Sends the queue, in requests as large as may be, one after the other. Never rejects.
   *
   * @param isBeside - Whatever else is on its way.
   * @param firstRequestBytes - All at once, in a first request of so many bytes.
   */
  private async _sendQueue(isBeside: boolean, firstRequestBytes?: number): Promise<void> {
    const { _exporter, _options, _flights } = this;
    while (!this._isOver && this._resumeAt <= now() && (isBeside || _flights.size === 0)) {
      if (!isBeside && this._isPaced()) return;
      const batches = this._queue._take(firstRequestBytes ?? this._requestBytes);
      if (batches.length === 0) return;
      this._pacedUntil = now() + Math.min(MAX_PACED_MILLIS, Math.floor(_options.maxExportBatchSize / PACED_PER_MILLI));
      const abort = new AbortController();
      let giveUp: Flight['_giveUp'] = () => {};
      const givenUp = new Promise<ExportOutcome>((resolve) => {
        giveUp = (why) => {
          abort.abort(why);
          // An exporter that listens to the signal has a turn of the loop to say what it knows.
          setTimeout(resolve, 0, {});
        };
      });
      const flight = {
        _batches: batches,
        _spans: batches.reduce((sum, { spanCount }) => sum + spanCount, 0),
        _bytes: batches.reduce((sum, { byteLength }) => sum + byteLength, 0),
        _startedAt: now(),
        _giveUp: giveUp,
      };
      // Before the call: an exporter that ends a span comes back here.
      _flights.add(flight);
      let timer: unknown;
      let outcome: ExportOutcome | undefined;
      try {
        const sent = _exporter.send(batches, abort.signal, firstRequestBytes !== undefined);
        if (firstRequestBytes !== undefined) this._sendQueue(true, this._maxRequestBytes);
        if ('then' in sent) {
          timer = later(() => {
            report('export_timeout', `${_options.exportTimeoutMillis} ms, ${spansText(flight._spans)}`, 'error');
            giveUp('the export timed out');
          }, _options.exportTimeoutMillis);
          outcome = await Promise.race([sent, givenUp]);
        } else outcome = sent;
        // Read here, where it may throw.
        outcome = checkedOutcome(outcome);
      } catch (error) {
        outcome = { dropped: flight._spans, why: messageOf(error) };
      }
      clearTimeout(timer as number | undefined);
      this._land(flight, outcome);
      isBeside &&= ioPerRequest;
      firstRequestBytes = undefined;
    }
  }

  /** True where full batches wait for further ones; a timer then ends that. */
  private _isPaced(): boolean {
    const { _options, _queuedBytes } = this;
    const millis = this._pacedUntil - now();
    const isMuch =
      _queuedBytes > _options.maxQueueBytes * PACED_SHARE || this._counts.pending > _options.maxQueueSize * PACED_SHARE;
    if (ioPerRequest || millis <= 0 || _queuedBytes === 0 || isMuch || this._flushes.length > 0) return false;
    this._startTimer(Math.min(millis, _options.scheduledDelayMillis));
    return true;
  }

  /** Counts what has become of an export, or keeps its batches. */
  private _land(flight: Flight, outcome: ExportOutcome): void {
    // What had been given up for lost is counted.
    if (!this._flights.delete(flight)) return;
    const { _batches, _spans, _bytes } = flight;
    if (outcome.retryMillis !== undefined && !this._isOver) this._keep(_batches, outcome, outcome.retryMillis);
    else if (outcome.reason === 'too_large' && _batches.length > 1 && !this._isOver) {
      this._queue._putBack(_batches);
      this._maxRequestBytes = this._requestBytes = _bytes / 2;
    } else {
      // The bound of a server may change, and a small request may have been refused for another reason.
      this._maxRequestBytes *= this._maxRequestBytes < SMALL_REQUEST_BYTES ? 2 : 1.1;
      this._maxRequestBytes = Math.min(this._maxRequestBytes, this._options.maxRequestBytes);
      this._failure = undefined;
      this._requestBytes = Math.min(this._maxRequestBytes, 2 * Math.max(_bytes, this._requestBytes));
      this._settle(_spans, _bytes);
      this._count(_spans, outcome, this._forget(_batches));
      const { acknowledged = 0, rejected, why } = outcome;
      const lost = _spans - acknowledged;
      if (why !== undefined) {
        const details = `${lost} of ${_spans} spans not acknowledged: ${why}`;
        if (rejected) report('spans_rejected', details, 'error');
        else if (lost) report('export_failed', details, 'error');
        else report('server_warning', details);
      }
    }
  }

  /** Batches that are to be sent again later. */
  private _keep(batches: readonly SpanBatch[], outcome: ExportOutcome, retryMillis: number): void {
    // It may be what is in them that fails: others have their turn first.
    for (const batch of batches) {
      if (outcome.unknown) this._uncertain.add(batch);
      this._queue._push(batch);
    }
    // A single failure is an everyday matter.
    if (this._failure) report('export_delayed', `${spansText(this._counts.pending)} waiting: ${outcome.why}`);
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
        this._send();
      }, millis);
    } catch {
      // As above.
    }
    this._endFlushes(Infinity);
  }

  /** How many spans of these batches may have arrived with an earlier attempt, whatever the last one came to. */
  private _forget(batches: Iterable<SpanBatch>): number {
    let spans = 0;
    for (const batch of batches) if (this._uncertain.delete(batch)) spans += batch.spanCount;
    return spans;
  }

  /** Counts what became of spans; what an exporter says of more than there are does not count. */
  private _count(spans: number, outcome: ExportOutcome, uncertain: number): void {
    const { _counts } = this;
    let rest = spans;
    const part = (count = 0): number => {
      const counted = count > 0 ? Math.floor(Math.min(count, rest)) : 0;
      rest -= counted;
      return counted;
    };
    _counts.acknowledged += part(outcome.acknowledged);
    _counts.rejected += part(outcome.rejected);
    const dropped = part((outcome.dropped ?? 0) - uncertain);
    if (dropped) this._lose(outcome.reason ?? 'export_failed', dropped);
    _counts.unknown += rest;
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

/** What an exporter says, as it can be counted with and printed. Throws where it cannot. */
function checkedOutcome(said: ExportOutcome): ExportOutcome {
  const { acknowledged = 0, rejected = 0, dropped = 0, unknown, reason, why, retryMillis } = said ?? {};
  return {
    acknowledged: Number(acknowledged),
    rejected: Number(rejected),
    dropped: Number(dropped),
    unknown,
    reason: reason && (textOf(reason) as DropReason),
    why: why && textOf(why),
    retryMillis: retryMillis && Number(retryMillis),
  };
}

function spansText(count: number): string {
  return `${count} ${count === 1 ? 'span' : 'spans'}`;
}

/** The options with the defaults; throws a `RangeError` that names the one that cannot be used, `prefix` in front. */
export function checkedBatchOptions(
  options: BatchSpanProcessorOptions | undefined,
  prefix: string,
): Required<BatchSpanProcessorOptions> {
  const result = numberOptions(DEFAULTS, options, prefix, 1);
  // A batch that could not fill up would wait for its delay while spans are dropped.
  result.maxExportBatchSize = Math.min(result.maxExportBatchSize, result.maxQueueSize);
  if (result.maxRequestBytes > MAX_REQUEST_BYTES) {
    throw new RangeError(`${prefix}maxRequestBytes: ${result.maxRequestBytes} is more than 64 MiB`);
  }
  return result;
}
