import { writeOut } from '#platform';
import { now } from '../core/clock.ts';
import { later, within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import type { TraceOutput } from './printer.ts';

// Characters that wait while a pipe is full.
const MAX_WAITING = 1024 * 1024;
// Whole lines that a pipe takes or leaves as one (4 KiB on Linux), so that lines of the application are not put into the
// middle of ours. A line that is longer is a piece all the same.
const PIECES = /[\s\S]{0,2047}\n|[^\n]+\n?/g;
// Between two attempts.
const LEAST_PAUSE_MILLIS = 5;
const MAX_PAUSE_MILLIS = 100;
// A reader that takes nothing for so long holds nobody up: neither a flush nor the end of the process.
const PATIENCE_MILLIS = 5_000;

/**
 * Writes to standard output without ever waiting for it. What a full pipe does not take is kept, up to a bound, and tried
 * again; what is beyond is dropped and counted. A pipe that nobody reads any more, as after `| head -1`, ends it for good.
 */
export class LineWriter implements TraceOutput {
  private readonly _noteOf: (dropped: number) => string;
  private readonly _gap: string;
  private readonly _waiting: string[] = [];
  private _size = 0;
  private _isFull = false;
  private _isClosed = false;
  private _dropped = 0;
  private _timer: unknown;
  private _pause = LEAST_PAUSE_MILLIS;
  private _triedAt = 0;
  private _progressAt = 0;
  private _flushes: (() => void)[] = [];

  /**
   * @param noteOf - What is written, when there is room again, of so many texts that were dropped.
   * @param gap - Stands behind each text.
   */
  constructor(noteOf: (dropped: number) => string, gap: string) {
    this._noteOf = noteOf;
    this._gap = gap;
  }

  accepts(): boolean {
    // While the application keeps the process busy no timer fires, and the reader may have made room all the same.
    if (this._isFull && now() - this._triedAt >= 1) this._pump();
    if (this._size < MAX_WAITING) return !this._isClosed;
    this._lose();
    return false;
  }

  write(text: string): void {
    if (this._isClosed) return;
    if (this._isFull && this._size + text.length > 2 * MAX_WAITING) {
      this._lose();
      return;
    }
    const spaced = text + this._gap;
    for (const piece of spaced.match(PIECES) ?? []) this._waiting.push(piece);
    this._size += spaced.length;
    if (!this._isFull) this._pump();
  }

  /** Writes what goes at once, and waits for the rest as long as there is hope, and for no longer than `millis`. */
  async flush(millis: number): Promise<void> {
    this._pump();
    if (this._isFull && this._isPatient() && millis > 0) {
      await within(millis, new Promise<void>((resolve) => this._flushes.push(resolve)));
    }
    // It may be that nothing comes after this.
    if (this._isFull) report('output_slow', '', 'error');
  }

  private _lose(): void {
    if (this._dropped++ === 0) report('output_slow', '', 'error');
  }

  private _endDropping(): void {
    if (this._dropped > 0) report('output_slow', `${this._dropped} traces not printed`, 'error', 'output_slow over');
    this._dropped = 0;
  }

  /** Writes as much as goes. */
  private _pump(): void {
    this._triedAt = now();
    for (;;) {
      const piece: string | undefined = this._waiting[0];
      // With an empty text it is asked whether all that has been taken has gone.
      const text = piece ?? (this._dropped > 0 ? this._noteOf(this._dropped) : '');
      const isTaken = writeOut(text);
      if (isTaken === false) {
        this._retryLater();
        return;
      }
      if (isTaken === undefined) {
        this._isClosed = true;
        this._waiting.length = 0;
      } else {
        this._progressAt = this._triedAt;
        this._pause = LEAST_PAUSE_MILLIS;
        this._waiting.shift();
      }
      if (piece === undefined) this._endDropping();
      else this._size -= piece.length;
      if (text === '' || this._isClosed) {
        this._size = 0;
        this._isFull = false;
        this._endFlushes();
        return;
      }
    }
  }

  private _isPatient(): boolean {
    return now() - this._progressAt < PATIENCE_MILLIS;
  }

  private _retryLater(): void {
    // Since when it is full.
    if (!this._isFull) this._progressAt = now();
    this._isFull = true;
    const isPatient = this._isPatient();
    if (!isPatient) this._endFlushes();
    this._timer ??= (isPatient ? setTimeout : later)(() => {
      this._timer = undefined;
      this._pump();
    }, this._pause);
    this._pause = Math.min(2 * this._pause, MAX_PAUSE_MILLIS);
  }

  private _endFlushes(): void {
    for (const resolve of this._flushes.splice(0)) resolve();
  }
}
