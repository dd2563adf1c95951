import type { ExportOutcome, SpanBatch } from '../exporter.ts';

// The specification's reference backoff: one second, growing by half each time, with 20 % jitter, at most five seconds.
const FIRST_MILLIS = 1_000;
const FACTOR = 1.5;
const JITTER = 0.2;
const MAX_MILLIS = 5_000 / (1 + JITTER);

// A batch that keeps failing while others get final answers is given up after 20 answers that ask for a retry, or after
// five attempts without an answer. After three that timed out it is given up in any case.
const MAX_FAULTS = 20;
// How much a failure counts against the batches that were sent:
/** Nothing was sent. */
export const NOBODYS = 0;
/** The server asked for a retry. */
export const BUSY = 1;
/** No answer came. */
export const UNANSWERED = 4;
/** No answer came in time. Counts most, because a retry burdens a server that may only be slow. */
export const LATE = 8;

/**
 * Decides which failed requests of an exporter are retried, and when. The backoff grows while requests fail. The number
 * of retries has no limit, since the queue bounds what waits. But a batch that keeps failing while others do not, or
 * that keeps timing out, is given up.
 *
 * Specification: OpenTelemetry Protocol, "Failures", "OTLP/HTTP Connection"; OpenTelemetry Protocol Exporter, "Retry".
 */
export class Retry {
  private _next = FIRST_MILLIS;
  /** The number of final answers. */
  private _answers = 0;
  /** For each failed batch, its weighted failures, and the number of final answers before the first of them. */
  private readonly _faults = new WeakMap<SpanBatch, readonly [faults: number, answers: number]>();

  /** Records a final answer, which resets the backoff. */
  _settle(outcome: ExportOutcome): ExportOutcome {
    this._answers++;
    this._next = FIRST_MILLIS;
    return outcome;
  }

  /**
   * Records a failure and asks for a retry, unless these batches are at fault. If no answer came, a retry may duplicate
   * spans, and no retry may lose them; the specification asks for a retry after a broken connection.
   *
   * @param least - The earliest time of the retry, in milliseconds from now.
   */
  _again(outcome: ExportOutcome, batches: readonly SpanBatch[], fault: number, least = 0): ExportOutcome {
    if (fault !== NOBODYS && this._areAtFault(batches, fault)) return outcome;
    const pause = this._next * (1 - JITTER + 2 * JITTER * Math.random());
    this._next = Math.min(this._next * FACTOR, MAX_MILLIS);
    return { ...outcome, retryMillis: Math.max(pause, least) };
  }

  /** True if one of these batches has failed before. */
  _hasFailed(batches: readonly SpanBatch[]): boolean {
    return batches.some((batch) => this._faults.has(batch));
  }

  /** Records a failure of these batches. Returns true if none of them is worth another attempt. */
  private _areAtFault(batches: readonly SpanBatch[], weight: number): boolean {
    let areAtFault = true;
    for (const batch of batches) {
      const [before, answers] = this._faults.get(batch) ?? [0, this._answers];
      const faults = before + weight;
      this._faults.set(batch, [faults, answers]);
      if (faults < MAX_FAULTS || (weight !== LATE && answers === this._answers)) areAtFault = false;
    }
    return areAtFault;
  }
}
