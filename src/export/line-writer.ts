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
  readonly #noteOf: (dropped: number) => string;
  readonly #waiting: string[] = [];
  #size = 0;
  #isFull = false;
  #isClosed = false;
  #dropped = 0;
  #timer: unknown;
  #pause = LEAST_PAUSE_MILLIS;
  #triedAt = 0;
  #progressAt = 0;
  #flushes: (() => void)[] = [];

  /** @param noteOf - What is written, when there is room again, of so many texts that were dropped. */
  constructor(noteOf: (dropped: number) => string) {
    this.#noteOf = noteOf;
  }

  accepts(): boolean {
    // While the application keeps the process busy no timer fires, and the reader may have made room all the same.
    if (this.#isFull && now() - this.#triedAt >= 1) this.#pump();
    if (this.#size < MAX_WAITING) return !this.#isClosed;
    this.#drop();
    return false;
  }

  write(text: string): void {
    if (this.#isClosed) return;
    if (this.#isFull && this.#size + text.length > 2 * MAX_WAITING) {
      this.#drop();
      return;
    }
    for (const piece of text.match(PIECES) ?? []) this.#waiting.push(piece);
    this.#size += text.length;
    if (!this.#isFull) this.#pump();
  }

  /** Writes what goes at once, and waits for the rest as long as there is hope, and for no longer than `millis`. */
  async flush(millis: number): Promise<void> {
    this.#pump();
    if (this.#isFull && this.#isPatient() && millis > 0) {
      await within(millis, new Promise<void>((resolve) => this.#flushes.push(resolve)));
    }
    // It may be that nothing comes after this.
    if (this.#isFull) report('output_slow', '', 'error');
  }

  #drop(): void {
    if (this.#dropped++ === 0) report('output_slow', '', 'error');
  }

  #endDropping(): void {
    if (this.#dropped > 0) report('output_slow', `${this.#dropped} traces not printed`, 'error', 'output_slow over');
    this.#dropped = 0;
  }

  /** Writes as much as goes. */
  #pump(): void {
    this.#triedAt = now();
    for (;;) {
      const piece: string | undefined = this.#waiting[0];
      // With an empty text it is asked whether all that has been taken has gone.
      const text = piece ?? (this.#dropped > 0 ? this.#noteOf(this.#dropped) : '');
      const isTaken = writeOut(text);
      if (isTaken === false) {
        this.#retryLater();
        return;
      }
      if (isTaken === undefined) {
        this.#isClosed = true;
        this.#waiting.length = 0;
      } else {
        this.#progressAt = this.#triedAt;
        this.#pause = LEAST_PAUSE_MILLIS;
        this.#waiting.shift();
      }
      if (piece === undefined) this.#endDropping();
      else this.#size -= piece.length;
      if (text === '' || this.#isClosed) {
        this.#size = 0;
        this.#isFull = false;
        this.#endFlushes();
        return;
      }
    }
  }

  #isPatient(): boolean {
    return now() - this.#progressAt < PATIENCE_MILLIS;
  }

  #retryLater(): void {
    // Since when it is full.
    if (!this.#isFull) this.#progressAt = now();
    this.#isFull = true;
    const isPatient = this.#isPatient();
    if (!isPatient) this.#endFlushes();
    this.#timer ??= (isPatient ? setTimeout : later)(() => {
      this.#timer = undefined;
      this.#pump();
    }, this.#pause);
    this.#pause = Math.min(2 * this.#pause, MAX_PAUSE_MILLIS);
  }

  #endFlushes(): void {
    for (const resolve of this.#flushes.splice(0)) resolve();
  }
}
