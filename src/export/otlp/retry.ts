import type { ExportOutcome, SpanBatch } from '../exporter.ts';

// The specification's reference: a second, half as much again each time, 20 % more or less, five seconds at most.
const FIRST_MILLIS = 1_000;
const FACTOR = 1.5;
const JITTER = 0.2;
const MAX_MILLIS = 5_000 / (1 + JITTER);

// A batch that fails where others do not is given up after 20 answers that say to come again, after five times without
// an answer, and after three that came too late.
const MAX_FAULTS = 20;
// How much of a failure is the fault of the batches that were sent.
/** Nothing has been sent. */
export const NOBODYS = 0;
/** The answer asks to come again. */
export const BUSY = 1;
/** There is no answer. */
export const UNANSWERED = 4;
/** There was none in time. Weighs most, since to send again burdens a server that may only be slow. */
export const LATE = 8;

/**
 * Says which attempts of an exporter are to be repeated, and when: after pauses that grow while attempts fail. There is
 * no end to them, since what waits has its bound in the queue; but what fails again and again where others do not is not
 * sent for ever.
 *
 * Specification: OpenTelemetry Protocol, "Failures", "OTLP/HTTP Connection"; OpenTelemetry Protocol Exporter, "Retry".
 */
export class Retry {
  private _next = FIRST_MILLIS;
  /** Answers that were final. */
  private _answers = 0;
  /** Batches that have failed: how often and how badly, and how many final answers there had been before. */
  private readonly _faults = new WeakMap<SpanBatch, readonly [faults: number, answers: number]>();

  /** An answer that is final. */
  _settle(outcome: ExportOutcome): ExportOutcome {
    this._answers++;
    this._next = FIRST_MILLIS;
    return outcome;
  }

  /**
   * A failure that is to be repeated, unless it is the fault of these batches. No answer: whoever asks again may double what
   * has arrived, and whoever does not may lose it; a connection that breaks is repeated, as the specification asks.
   *
   * @param least - The earliest, in milliseconds from now.
   */
  _again(outcome: ExportOutcome, batches: readonly SpanBatch[], fault: number, least = 0): ExportOutcome {
    if (fault !== NOBODYS && this._areAtFault(batches, fault)) return outcome;
    const pause = this._next * (1 - JITTER + 2 * JITTER * Math.random());
    this._next = Math.min(this._next * FACTOR, MAX_MILLIS);
    return { ...outcome, retryMillis: Math.max(pause, least) };
  }

  /** True where one of these batches has failed before. */
  _hasFailed(batches: readonly SpanBatch[]): boolean {
    return batches.some((batch) => this._faults.has(batch));
  }

  /** Notes a failure of these batches. True where none of them is worth another attempt. */
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
