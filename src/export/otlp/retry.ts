import type { ExportOutcome, SpanBatch } from '../exporter.ts';

// The specification's reference: a second, half as much again each time, 20 % more or less, five seconds at most.
const FIRST_MILLIS = 1_000;
const FACTOR = 1.5;
const JITTER = 0.2;
const MAX_MILLIS = 5_000 / (1 + JITTER);
// So often a batch may get no answer; a time-out counts twice.
const MAX_UNANSWERED = 5;

/**
 * Says which attempts of an exporter are to be repeated, and when: after pauses that grow while attempts fail. There is
 * no end to them, since what waits has its bound in the queue; but what gets no answer where others get one, or has
 * timed out again and again, is not sent for ever.
 *
 * Specification: OpenTelemetry Protocol, "Failures", "OTLP/HTTP Connection"; OpenTelemetry Protocol Exporter, "Retry".
 */
export class Retry {
  private _next = FIRST_MILLIS;
  /** Requests that were answered, with whatever. */
  private _answers = 0;
  /** Batches that got no answer: how often, and how many answers there had been before the first time. */
  private readonly _unanswered = new WeakMap<SpanBatch, readonly [times: number, answers: number]>();

  /** An answer that is final. */
  _settle(outcome: ExportOutcome): ExportOutcome {
    this._answers++;
    this._next = FIRST_MILLIS;
    return outcome;
  }

  /** An answer that asks to come again, after `least` milliseconds at the earliest. */
  _postpone(outcome: ExportOutcome, least: number): ExportOutcome {
    this._answers++;
    return this._again(outcome, least);
  }

  /** A failure to get through, or to get an answer. */
  _again(outcome: ExportOutcome, least = 0): ExportOutcome {
    const pause = this._next * (1 - JITTER + 2 * JITTER * Math.random());
    this._next = Math.min(this._next * FACTOR, MAX_MILLIS);
    return { ...outcome, retryMillis: Math.max(pause, least) };
  }

  /**
   * No answer: whoever asks again may double what has arrived, and whoever does not may lose it. A connection that
   * breaks is repeated, as the specification asks, unless it breaks again and again while others get answers.
   *
   * @param isLate - The time was up: a server that is only slow would be made slower, whoever gets answers.
   */
  _retryUnanswered(batches: readonly SpanBatch[], outcome: ExportOutcome, isLate: boolean): ExportOutcome {
    let isWorthwhile = false;
    for (const batch of batches) {
      const [before, answers] = this._unanswered.get(batch) ?? [0, this._answers];
      const times = before + (isLate ? 2 : 1);
      this._unanswered.set(batch, [times, answers]);
      if (times < MAX_UNANSWERED || (!isLate && answers === this._answers)) isWorthwhile = true;
    }
    return isWorthwhile ? this._again(outcome) : outcome;
  }

  /** True where one of these batches has got no answer before, and may be being read yet. */
  _isUncertain(batches: readonly SpanBatch[]): boolean {
    return batches.some((batch) => this._unanswered.has(batch));
  }
}
