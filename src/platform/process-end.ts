// How long a flush may take at the end of a process.
const PATIENCE_MILLIS = 5_000;
const LEAST_PATIENCE_MILLIS = 100;
// npm and shells deliver a signal twice within milliseconds. A repetition after this time is deliberate.
const REPETITION_MILLIS = 500;

// The numbers determine exit statuses: 128 + number.
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

type Signal = keyof typeof SIGNALS;
type Listener = Parameters<NodeJS.EventEmitter['on']>[1];

/** What to do at the end of a process. None of these functions throws or rejects. */
export interface ProcessEnd {
  /** Whether to watch for natural ends, `process.exit()` and signals. */
  readonly isExit: boolean;
  /** Whether to do more before a crash than `mark`. */
  readonly isCrash: boolean;
  /** Ends the spans of responses that nobody reads, and returns the number of spans that have ended so far. */
  ended(): number;
  flush(timeoutMillis: number): Promise<unknown>;
  /** The last flush. */
  shutdown(timeoutMillis: number): Promise<unknown>;
  /** Reports how many spans are open, and therefore lost. */
  reportOpen(): void;
  /** Reports how many spans have not been sent, and why. */
  reportUnsent(): void;
  /** Does the same, and shuts down what can still do something, such as printers. */
  exit(): void;
  /** Records what was thrown: on all open spans, or on the active one if another listener handles it. */
  mark(thrown: unknown, isHandled: boolean): void;
  /** Ends the open spans, and records the signal on them if it ends the process. */
  endOpen(signal?: string): void;
}

/**
 * Calls the functions of `end` when this process ends, without changing its exit status.
 *
 * @returns A function that removes all listeners; `undefined` in a worker thread, whose end is not that of the process,
 * and where there is nothing to listen to.
 */
export function watchProcessEnd(end: ProcessEnd): (() => void) | undefined {
  const { process } = globalThis as { process?: NodeJS.Process };
  // Worker threads, including those of Bun and Deno, mark `chdir` as disabled. Loading node:worker_threads to find out
  // would take 3.6 ms (Node 20).
  if (process?.chdir === undefined || (process.chdir as { disabled?: true }).disabled) return undefined;
  const watch = new ProcessWatch(process, end);
  if (end.isExit) watches++;
  let isOver = false;
  return () => {
    if (!isOver && end.isExit) watches--;
    isOver = true;
    watch.stop();
  };
}

let watches = 0;

/** True if a flush at the end of the process waits for requests in flight, so they need not keep it alive. */
export function isEndWatched(): boolean {
  return watches > 0;
}

/** A class, because closures within one function take 0.1 ms more to compile (Node 20). */
class ProcessWatch {
  private readonly _process: NodeJS.Process;
  private readonly _events: NodeJS.EventEmitter;
  private readonly _end: ProcessEnd;
  private readonly _listeners: [event: string, listener: Listener][] = [];
  private readonly _immediate: NodeJS.Immediate | undefined = undefined;
  /** Events that lost a listener in this turn: a `once` listener is removed before it runs, but still counts. */
  private readonly _removed = new Set<string>();
  /** When the flush for a signal began. */
  private _endingSince: number | undefined = undefined;
  private _crash: { readonly thrown: unknown } | undefined = undefined;
  private _isCrashing = false;
  /** The number of spans that had ended by the last `beforeExit` flush. */
  private _flushed = 0;
  /** How long the next `beforeExit` flush may take. */
  private _patience = PATIENCE_MILLIS;

  constructor(process: NodeJS.Process, end: ProcessEnd) {
    this._process = process;
    this._events = process;
    this._end = end;
    if (end.isExit) {
      this._listen('on', 'beforeExit', () => this._beforeExit());
      this._listen('on', 'exit', () => this._exit());
      // In a later turn, since this takes as long as all the rest (0.1 ms, Node 20). Until then there is little to
      // send.
      this._immediate = setImmediate(() => {
        for (const signal of Object.keys(SIGNALS) as Signal[]) {
          this._listen('prependListener', signal, () => this._signal(signal));
        }
      });
    }
    if (end.isCrash) this._listen('prependListener', 'uncaughtException', (thrown) => this._exception(thrown));
    this._listen('on', 'uncaughtExceptionMonitor', (thrown) => {
      const isHandled =
        this._events.listenerCount('uncaughtException') > Number(end.isCrash) ||
        // Set by domains, too.
        this._process.hasUncaughtExceptionCaptureCallback?.() === true;
      if (this._crash === undefined) end.mark(thrown, isHandled);
      this._isCrashing = !isHandled;
    });
    this._listen('on', 'removeListener', (event) => {
      this._removed.add(event);
      queueMicrotask(() => this._removed.delete(event));
    });
  }

  stop(): void {
    clearImmediate(this._immediate);
    for (const [event, listener] of this._listeners.splice(0)) this._events.removeListener(event, listener);
  }

  private _listen(method: 'on' | 'prependListener', event: string, listener: Listener): void {
    try {
      this._events[method](event, listener);
      this._listeners.push([event, listener]);
    } catch {
      // The system does not have this signal.
    }
  }

  /** True if no other listener will end the process. Up to `polite` listeners, those of signal-exit, do not count. */
  private _isAlone(event: string, polite = 0): boolean {
    return !this._removed.has(event) && this._events.listenerCount(event) - 1 <= polite;
  }

  private async _beforeExit(): Promise<void> {
    // Let other listeners of this event run first: they may end spans.
    await undefined;
    const { _end, _patience } = this;
    const ended = _end.ended();
    if (ended === this._flushed || _patience < LEAST_PATIENCE_MILLIS) return;
    this._flushed = ended;
    // The event fires again after a flush. A listener that ends a span each time must not keep the process alive.
    this._patience /= 2;
    const start = performance.now();
    await _end.flush(_patience);
    // An unanswered request would keep the process alive. Timers may fire up to a millisecond early.
    if (performance.now() - start > _patience - 1) await _end.shutdown(0);
  }

  private _exit(): void {
    // In a crash, it says nothing that spans are open.
    if (!this._isCrashing) this._end.reportOpen();
    this._end.exit();
    if (this._crash === undefined) return;
    // The application has called exit() while its crash was held up for the flush.
    this._process.exitCode = 1;
    console.error(this._crash.thrown);
  }

  private _signal(signal: Signal): void {
    const { _endingSince } = this;
    if (_endingSince !== undefined) {
      if (performance.now() - _endingSince >= REPETITION_MILLIS) this._raise(signal);
    } else if (this._isAlone(signal, signalExitListeners(this._process))) {
      this._endingSince = performance.now();
      this._end.endOpen(signal);
      this._finish(() => this._raise(signal));
    } else {
      this._end.flush(PATIENCE_MILLIS);
    }
  }

  /** Ends the process by `signal`, unless other listeners handle it. */
  private _raise(signal: Signal): void {
    const { _process } = this;
    this.stop();
    try {
      // The kernel does not deliver a signal without a listener to the first process of a container.
      if (_process.pid !== 1) {
        _process.kill(_process.pid, signal);
        return;
      }
    } catch {
      // Deno may lack the permission.
    }
    _process.exit(128 + SIGNALS[signal]);
  }

  private _exception(thrown: unknown): void {
    // Ignore further errors while a crash is held up: without this listener the process would have ended before them.
    if (this._crash !== undefined || !this._isAlone('uncaughtException')) return;
    this._crash = { thrown };
    this._end.endOpen();
    this._finish(() => {
      // Bun shows the line of the last throw, which would be ours. For a reported error it shows the original line.
      if (this._process.versions.bun !== undefined) reportError(thrown);
      // For an error thrown in a microtask, Node shows the line that created the error, or else a line of its own.
      else {
        queueMicrotask(() => {
          throw thrown;
        });
      }
    });
  }

  private async _finish(andThen: () => void): Promise<void> {
    await this._end.shutdown(PATIENCE_MILLIS);
    // Beyond a bound, open spans are not known, and so not ended.
    this._end.reportOpen();
    this._end.reportUnsent();
    this.stop();
    andThen();
  }
}

interface Counting {
  readonly count?: unknown;
}

/**
 * Returns how many listeners of a signal belong to the package signal-exit, versions 3 and 4, which ends the process as
 * soon as no other listeners are left.
 */
function signalExitListeners(process: object): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: Counting };
  const { [Symbol.for('signal-exit emitter')]: fourth } = globalThis as { [key: symbol]: Counting | undefined };
  return Number(third?.count ?? 0) + Number(fourth?.count ?? 0);
}
