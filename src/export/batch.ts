import { runtime } from '#platform';
import { LONGEST_TIMER, now } from '../core/clock.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { TraceFlags } from '../core/span-context.ts';
import {
  allDropped,
  allUnknown,
  type BatchingExporter,
  type DropReason,
  type ExportOutcome,
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
  maxQueueBytes: (runtime.constrained ? 2 : 16) * 1024 * 1024,
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

interface Waiter {
  /** Resolved when this many of the accepted spans are settled. */
  readonly target: number;
  readonly resolve: () => void;
}

/**
 * Collects ended spans in batches and exports them one request at a time. A batch leaves when it is full, when its
 * first span has waited long enough, or on a flush; batches that gather while a request is under way leave together.
 *
 * Specification: OpenTelemetry Trace SDK, "Batching processor".
 */
export class BatchSpanProcessor implements SpanProcessor {
  private readonly exporter: BatchingExporter;
  private readonly options: Required<BatchSpanProcessorOptions>;
  private readonly maxBatchBytes: number;

  // The batch that is filling, and the full ones behind the one that is on its way.
  private current: SpanBatch;
  private readonly queue: SpanBatch[] = [];
  private timer: unknown;
  private inFlight: AbortController | undefined;

  private readonly counts: ProcessorStats = {
    ended: 0,
    acknowledged: 0,
    rejected: 0,
    unknown: 0,
    pending: 0,
    dropped: {},
  };
  private pendingBytes = 0;
  // Spans taken in and spans done with, in the same order: what makes a flush know when it is over.
  private accepted = 0;
  private settled = 0;
  private waiters: Waiter[] = [];
  private closed: Promise<FlushResult> | undefined;

  /** @throws RangeError naming an option that is not a number above 0. */
  constructor(exporter: SpanExporter | BatchingExporter, options: BatchSpanProcessorOptions = {}) {
    this.options = checkedBatchOptions(options, '');
    const { maxQueueBytes, maxRequestBytes } = this.options;
    // The last span of a batch goes over the bound, hence the half.
    this.maxBatchBytes = Math.min(MAX_BATCH_BYTES, maxQueueBytes, maxRequestBytes / 2);
    this.exporter = 'createBatch' in exporter ? exporter : listExporter(exporter);
    this.current = this.exporter.createBatch();
  }

  onEnd(span: ReadableSpan): void {
    if ((span.flags & TraceFlags.SAMPLED) === 0) return;
    const { counts, options, current } = this;
    counts.ended++;
    if (this.closed !== undefined) {
      this.drop(1, 'shutdown', 'spans that ended after shutdown are dropped');
      return;
    }
    // Before encoding, so that a full queue costs next to nothing.
    if (counts.pending >= options.maxQueueSize || this.pendingBytes >= options.maxQueueBytes) {
      this.drop(
        1,
        'queue_full',
        `the queue is full (${counts.pending} spans, ${this.pendingBytes} bytes), spans are dropped: is the collector reachable and fast enough? maxQueueSize and maxQueueBytes set the bounds`,
      );
      return;
    }
    const before = current.byteLength;
    try {
      current.add(span);
    } catch (error) {
      // A segment that was begun for the span stays.
      this.pendingBytes += current.byteLength - before;
      this.drop(1, 'encode_failed', `a span could not be encoded and is dropped: ${messageOf(error)}`);
      return;
    }
    this.pendingBytes += current.byteLength - before;
    counts.pending++;
    this.accepted++;
    if (current.spanCount >= options.maxExportBatchSize || current.byteLength >= this.maxBatchBytes) {
      this.seal();
      this.send();
    } else if (this.timer === undefined) {
      this.startTimer();
    }
  }

  /**
   * Sends all spans that ended before the call and waits until they are settled, or until the time is up: then it
   * stops waiting, and the export goes on. Never rejects. May be called at any time and concurrently.
   */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    const before = this.stats();
    this.seal();
    this.send();
    await this.settle(this.accepted, flushTimeout(options));
    return this.since(before);
  }

  /**
   * Flushes; then aborts what is still on its way and drops what is left. Spans that end afterwards are dropped.
   * Never rejects; further calls return the same promise.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    // Assigned before anything is awaited: from here on no span gets in.
    this.closed ??= this.close(options);
    return this.closed;
  }

  /** The counters as they are now. */
  stats(): ProcessorStats {
    return { ...this.counts, dropped: { ...this.counts.dropped } };
  }

  private async close(options: FlushOptions | undefined): Promise<FlushResult> {
    const before = this.stats();
    const deadline = now() + flushTimeout(options);
    await this.forceFlush(options);
    this.stopTimer();
    if (this.counts.pending > 0) {
      const left = this.queue.splice(0);
      const spans = spansOf(left);
      this.inFlight?.abort(new Error('the tracer was shut down'));
      await this.settle(this.accepted - spans, ABORT_MILLIS);
      if (spans > 0) {
        this.account(left, allDropped(spans, 'shutdown'));
        report(
          'shutdown',
          `shutdown ran out of time, ${spans} spans are dropped: is the collector reachable?`,
          'error',
        );
      }
    }
    try {
      await within(Math.max(deadline - now(), ABORT_MILLIS), this.exporter.shutdown?.());
    } catch (error) {
      report('export_failed', `shutting down the exporter failed: ${messageOf(error)}`, 'error');
    }
    return this.since(before);
  }

  private since(before: ProcessorStats): FlushResult {
    const after = this.stats();
    return {
      exported: after.acknowledged - before.acknowledged,
      pending: after.pending,
      dropped: lost(after) - lost(before),
    };
  }

  private drop(spans: number, reason: DropReason, why: string): void {
    const { dropped } = this.counts;
    dropped[reason] = (dropped[reason] ?? 0) + spans;
    report(reason, why, 'error');
  }

  private startTimer(): void {
    try {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.seal();
        this.send();
      }, this.options.scheduledDelayMillis);
      runtime.unref(this.timer);
    } catch {
      // Workers forbid timers at module scope: the span waits for the next one, or for a flush.
    }
  }

  private stopTimer(): void {
    clearTimeout(this.timer as number | undefined);
    this.timer = undefined;
  }

  /** Puts the filling batch at the end of the queue. */
  private seal(): void {
    this.stopTimer();
    if (this.current.spanCount === 0) return;
    this.queue.push(this.current);
    this.current = this.exporter.createBatch();
  }

  /** Sends the front of the queue in one request, unless one is under way; the rest follows that one. */
  private send(): void {
    while (this.inFlight === undefined && this.queue.length > 0) {
      let count = 1;
      let bytes = this.queue[0].byteLength;
      while (count < this.queue.length && bytes + this.queue[count].byteLength <= this.options.maxRequestBytes) {
        bytes += this.queue[count++].byteLength;
      }
      const batches = this.queue.splice(0, count);
      const abort = new AbortController();
      // Before the call: an exporter that ends a span comes back here.
      this.inFlight = abort;
      const outcome = this.attempt(batches, abort.signal);
      if (!('then' in outcome)) {
        this.inFlight = undefined;
        this.account(batches, outcome);
        continue;
      }
      void this.withinTimeout(outcome, batches, abort).then((settled) => {
        this.inFlight = undefined;
        this.account(batches, settled);
        this.send();
      });
    }
  }

  private attempt(batches: SpanBatch[], signal: AbortSignal): Promise<ExportOutcome> | ExportOutcome {
    try {
      return this.exporter.send(batches, signal);
    } catch (error) {
      return exportFailed(spansOf(batches), error);
    }
  }

  /** Never rejects, and settles within the time-out whatever the exporter does. */
  private async withinTimeout(
    outcome: Promise<ExportOutcome>,
    batches: SpanBatch[],
    abort: AbortController,
  ): Promise<ExportOutcome> {
    const spans = spansOf(batches);
    const { exportTimeoutMillis } = this.options;
    const timer = setTimeout(() => {
      report(
        'export_timeout',
        `an export of ${spans} spans took longer than exportTimeoutMillis (${exportTimeoutMillis})`,
        'error',
      );
      abort.abort(new Error('the export timed out'));
    }, exportTimeoutMillis);
    runtime.unref(timer);
    const givenUp = new Promise<ExportOutcome>((resolve) => {
      // An exporter that listens to the signal has a turn of the loop to say what it knows.
      abort.signal.addEventListener('abort', () => setTimeout(resolve, 0, allUnknown(spans)));
    });
    try {
      return await Promise.race([outcome, givenUp]);
    } catch (error) {
      return exportFailed(spans, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Books batches that are done with. */
  private account(batches: readonly SpanBatch[], outcome: ExportOutcome): void {
    const { counts } = this;
    counts.acknowledged += outcome.acknowledged;
    counts.rejected += outcome.rejected;
    counts.unknown += outcome.unknown;
    if (outcome.dropped > 0) {
      const reason = outcome.reason ?? 'export_failed';
      counts.dropped[reason] = (counts.dropped[reason] ?? 0) + outcome.dropped;
    }
    for (const { spanCount, byteLength } of batches) {
      counts.pending -= spanCount;
      this.settled += spanCount;
      this.pendingBytes -= byteLength;
    }
    this.waiters = this.waiters.filter(({ target, resolve }) => {
      if (this.settled < target) return true;
      resolve();
      return false;
    });
  }

  /** Resolves when `target` spans are settled, or after `timeoutMillis`. */
  private settle(target: number, timeoutMillis: number): Promise<void> {
    if (this.settled >= target) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          this.waiters = this.waiters.filter((other) => other !== waiter);
          resolve();
        },
        Math.min(timeoutMillis, LONGEST_TIMER),
      );
      const waiter: Waiter = {
        target,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.waiters.push(waiter);
    });
  }
}

function lost({ rejected, unknown, dropped }: ProcessorStats): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, rejected + unknown);
}

function spansOf(batches: readonly SpanBatch[]): number {
  return batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

function exportFailed(spans: number, error: unknown): ExportOutcome {
  report('export_failed', `an export failed, ${spans} spans are dropped: ${messageOf(error)}`, 'error');
  return allDropped(spans, 'export_failed');
}

/** The options with the defaults; throws a `RangeError` that names the one that cannot be used, `prefix` in front. */
export function checkedBatchOptions(
  options: BatchSpanProcessorOptions,
  prefix: string,
): Required<BatchSpanProcessorOptions> {
  const result = { ...DEFAULTS };
  for (const name of Object.keys(options) as (keyof BatchSpanProcessorOptions)[]) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new RangeError(`${prefix}${name}: there is no such option; there are ${Object.keys(DEFAULTS).join(', ')}`);
    }
    const value = options[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0)) {
      throw new RangeError(`${prefix}${name}: ${String(value)} is not a number above 0`);
    }
    result[name] = name.endsWith('Millis') ? Math.min(value, LONGEST_TIMER) : value;
  }
  // A batch that could not fill up would wait for its delay while spans are dropped.
  result.maxExportBatchSize = Math.min(result.maxExportBatchSize, result.maxQueueSize);
  return result;
}
