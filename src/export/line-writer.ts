import { detached, writeOut } from '#platform';
import { now } from '../core/clock.ts';
import { later, within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import type { TraceOutput } from './printer.ts';

// Characters to hold while a pipe is full.
const MAX_WAITING = 1024 * 1024;
// Whole lines short enough for a pipe to take as one (4 KiB on Linux), so that the application's lines do not end up in
// the middle of ours. A longer line is one piece all the same.
const PIECES = /[\s\S]{0,2047}\n|[^\n]+\n?/g;
// Pauses between two attempts.
const LEAST_PAUSE_MILLIS = 5;
const MAX_PAUSE_MILLIS = 100;
// A reader that takes nothing for this long no longer delays a flush or the end of the process.
const PATIENCE_MILLIS = 5_000;

/**
 * Writes to standard output without ever blocking. Text that a full pipe does not take is held, up to a bound, and
 * written later; text beyond the bound is dropped and counted. Once nobody reads the pipe any more, as after
 * `| head -1`, it stops for good.
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
   * @param noteOf - Makes the note about dropped texts, which is written once there is room again.
   * @param gap - Written after each text.
   */
  constructor(noteOf: (dropped: number) => string, gap: string) {
    this._noteOf = noteOf;
    this._gap = gap;
  }

  accepts(): boolean {
    // No timer fires while the application blocks the event loop, but the reader may have made room meanwhile.
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

  /** Writes what the pipe takes now, and waits for the rest while the reader makes progress, at most `millis`. */
  async flush(millis: number): Promise<void> {
    this._pump();
    if (this._isFull && this._isPatient() && millis > 0) {
      await within(millis, new Promise<void>((resolve) => this._flushes.push(resolve)));
    }
    // Reported now, because nothing may be written after this.
    if (this._isFull) report('output_slow', '', 'error');
  }

  private _lose(): void {
    if (this._dropped++ === 0) report('output_slow', '', 'error');
  }

  private _endDropping(): void {
    const { _dropped } = this;
    if (_dropped > 0) {
      const details = `${_dropped} ${_dropped === 1 ? 'trace' : 'traces'} not printed`;
      report('output_slow', details, 'error', 'output_slow over');
    }
    this._dropped = 0;
  }

  /** Writes as much as the pipe takes. */
  private _pump(): void {
    this._triedAt = now();
    for (;;) {
      const piece: string | undefined = this._waiting[0];
      // An empty text asks whether everything taken so far has been written.
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
    // Progress is measured from the moment when the pipe became full.
    if (!this._isFull) this._progressAt = now();
    this._isFull = true;
    const isPatient = this._isPatient();
    if (!isPatient) this._endFlushes();
    const start = isPatient ? setTimeout : later;
    // Outside the context of whoever printed: the pipe may stay full for hours.
    this._timer ??= detached(() =>
      start(() => {
        this._timer = undefined;
        this._pump();
      }, this._pause),
    );
    this._pause = Math.min(2 * this._pause, MAX_PAUSE_MILLIS);
  }

  private _endFlushes(): void {
    for (const resolve of this._flushes.splice(0)) resolve();
  }
}
