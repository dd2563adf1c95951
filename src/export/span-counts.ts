import { report } from '../core/diagnostic.ts';
import type { DropReason, ExportOutcome } from './exporter.ts';

/**
 * Exact counts of what became of the sampled spans that have ended:
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
  /** Held, or in flight. */
  pending: number;
  /** Lost, by reason. */
  dropped: Partial<Record<DropReason, number>>;
}

/** Counts what becomes of spans, and lets flushes wait for it. */
export class SpanCounts {
  readonly _stats: ProcessorStats = {
    ended: 0,
    acknowledged: 0,
    rejected: 0,
    unknown: 0,
    pending: 0,
    // No prototype: exporters name the reasons, and one may be `__proto__`.
    dropped: Object.create(null),
  };
  // A flush is over once as many spans are settled as had ended before it: later spans queue behind them.
  _settled = 0;
  _flushes: (readonly [target: number, resolve: () => void])[] = [];

  /** Returns the current counters. */
  _copy(): ProcessorStats {
    return { ...this._stats, dropped: { ...this._stats.dropped } };
  }

  _drop(reason: DropReason, spans: number): void {
    const { dropped } = this._stats;
    dropped[reason] = (dropped[reason] ?? 0) + spans;
  }

  /** Counts and reports an ended span that is not accepted. */
  _refuse(reason: DropReason, details: string): void {
    this._drop(reason, 1);
    this._stats.ended++;
    report(reason, details, 'error');
  }

  /**
   * Counts what became of pending spans. Ignores what an exporter reports beyond their number.
   *
   * @param uncertain - How many an earlier attempt may have delivered, so that they are not certainly lost.
   */
  _settle(spans: number, outcome: ExportOutcome, uncertain: number): void {
    const { _stats } = this;
    let rest = spans;
    const part = (count = 0): number => {
      const counted = count > 0 ? Math.floor(Math.min(count, rest)) : 0;
      rest -= counted;
      return counted;
    };
    _stats.pending -= spans;
    _stats.acknowledged += part(outcome.acknowledged);
    _stats.rejected += part(outcome.rejected);
    const dropped = part((outcome.dropped ?? 0) - uncertain);
    if (dropped) this._drop(outcome.reason ?? 'export_failed', dropped);
    _stats.unknown += rest;
    this._settled += spans;
    this._endFlushes(this._settled);
  }

  /** Resolves when all spans that are pending now are settled, or when an attempt fails that will be retried. */
  _flushed(): Promise<void> {
    return new Promise((resolve) => this._flushes.push([this._settled + this._stats.pending, resolve]));
  }

  /** Resolves the flushes that wait for at most `count` settled spans. */
  _endFlushes(count: number): void {
    this._flushes = this._flushes.filter(([target, resolve]) => target > count || resolve());
  }
}
