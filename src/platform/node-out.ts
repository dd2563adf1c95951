import { builtin } from './node-builtin.ts';
import type { Terminal } from './platform.ts';

// What a pipe takes too slowly may wait up to here; what comes beyond is left out.
const MAX_QUEUED_BYTES = 1024 * 1024;
const RETRY_MILLIS = 20;

/**
 * A pipe that is written to without ever waiting for its reader. `process.stdout` waits, and everything else in the
 * process with it.
 */
class Pipe {
  private readonly _fs: typeof import('node:fs');
  private readonly _descriptor: number;
  private readonly _queue: Buffer[] = [];
  private _queuedBytes = 0;
  private _lost = 0;
  private _isClosed = false;
  private _timer: NodeJS.Timeout | undefined = undefined;
  private readonly _waiting: (() => void)[] = [];
  /** Until then somebody waits, and it holds the process. */
  private _heldUntil = 0;

  constructor(fs: typeof import('node:fs'), descriptor: number) {
    this._fs = fs;
    this._descriptor = descriptor;
  }

  write(text: string): void {
    if (this._isClosed) return;
    const bytes = Buffer.from(text);
    if (this._queuedBytes > 0 && this._queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      this._lost++;
      return;
    }
    this._queue.push(bytes);
    this._queuedBytes += bytes.length;
    if (this._timer === undefined) this._drain();
  }

  drained(timeoutMillis: number): Promise<void> | undefined {
    if (this._timer === undefined || timeoutMillis <= 0) return undefined;
    this._heldUntil = Math.max(this._heldUntil, performance.now() + timeoutMillis);
    this._timer.ref();
    return new Promise((resolve) => this._waiting.push(resolve));
  }

  private _drain(): void {
    this._timer = undefined;
    const { _queue } = this;
    try {
      while (_queue.length > 0) {
        const written = this._fs.writeSync(this._descriptor, _queue[0]);
        this._queuedBytes -= written;
        if (written < _queue[0].length) _queue[0] = _queue[0].subarray(written);
        else _queue.shift();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this._timer = setTimeout(() => this._drain(), RETRY_MILLIS);
        if (performance.now() < this._heldUntil) return;
        this._timer.unref();
        this._letGo();
        return;
      }
      // The reader has gone, as after `| head -1`.
      this._isClosed = true;
      _queue.length = this._queuedBytes = 0;
    }
    if (this._lost > 0 && !this._isClosed) {
      writeError(`[trace] standard output is too slow, ${this._lost} prints are left out`);
      this._lost = 0;
    }
    this._letGo();
  }

  private _letGo(): void {
    for (const resolve of this._waiting.splice(0)) resolve();
  }
}

let pipe: Pipe | undefined;
let isOpened = false;
let guarded: NodeJS.WriteStream | undefined;

/** Opened anew, since what is set for a descriptor is set for all who share it, in other processes, too. */
function openPipe(): Pipe | undefined {
  if (isOpened) return pipe;
  isOpened = true;
  const fs = builtin('node:fs');
  // Only Linux opens by a descriptor what the other end is read from. A worker thread has a stream of its own.
  if (fs === undefined || process.platform !== 'linux' || (process.stdout as { fd?: number }).fd !== 1)
    return undefined;
  try {
    if (!fs.fstatSync(1).isFIFO()) return undefined;
    const { O_WRONLY, O_NONBLOCK } = fs.constants;
    pipe = new Pipe(fs, fs.openSync('/proc/self/fd/1', O_WRONLY | O_NONBLOCK));
  } catch {
    // There is no /proc, or the pipe is another user's.
  }
  return pipe;
}

export function writeOut(text: string): void {
  const { stdout } = process;
  // Who has put something in the place of `write` wants to see what is written.
  const own = Object.hasOwn(stdout, 'write') ? undefined : openPipe();
  if (own !== undefined) own.write(text);
  else {
    // Without a listener of its own (those of streams that are piped to it throw), a reader that has gone is the end of the
    // process.
    if (guarded !== stdout) stdout.on('error', () => {});
    guarded = stdout;
    stdout.write(text);
  }
}

export function outDrained(timeoutMillis: number): Promise<void> | undefined {
  return pipe?.drained(timeoutMillis);
}

export function terminal(): Terminal {
  const { isTTY, columns } = process.stdout;
  return { isTerminal: isTTY === true, columns, isWindows: process.platform === 'win32' };
}

/** By way of the console a first line takes 2.2 ms, for it loads the console and a stream; so it takes 0.2 (Node 20). */
export function writeError(line: string): void {
  try {
    (builtin('node:fs') as typeof import('node:fs')).writeSync(2, `${line}\n`);
  } catch {
    // An old Node; or a pipe that is full, or has no reader any more: the console waits for the one and is silent about the other.
    console.error(line);
  }
}
