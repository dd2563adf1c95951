// What a flush may take at the end of a process.
const PATIENCE_MILLIS = 5_000;
const LEAST_PATIENCE_MILLIS = 100;
// npm and shells deliver a signal twice within milliseconds; a person who repeats it after this means it.
const REPETITION_MILLIS = 500;

// With the numbers that exit statuses have them by.
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

type Signal = keyof typeof SIGNALS;
type Listener = Parameters<NodeJS.EventEmitter['on']>[1];

/** What is to be done at the end of a process. None of it throws or rejects. */
export interface ProcessEnd {
  /** Whether natural ends, `process.exit()` and signals matter. */
  readonly isExit: boolean;
  /** Whether there is something to be done before a crash, beyond `mark`. */
  readonly isCrash: boolean;
  /** Spans that have ended so far. */
  ended(): number;
  flush(timeoutMillis: number): Promise<unknown>;
  /** The last flush. */
  shutdown(timeoutMillis: number): Promise<unknown>;
  /** Says how many spans have not been sent, and why; true where there are any. */
  reportUnsent(): boolean;
  /** Writes what was thrown to the spans that are open. */
  mark(thrown: unknown): void;
  /** Ends the spans that are open. */
  endOpen(): void;
}

/**
 * Does what `end` says when this process comes to its end, and leaves its exit status as it would be.
 *
 * @returns What takes all listeners away again; `undefined` in a worker thread, whose end is not that of the process, and
 * where there is nothing to listen to.
 */
export function watchProcessEnd(end: ProcessEnd): (() => void) | undefined {
  const { process } = globalThis as { process?: NodeJS.Process };
  // So is `chdir` marked in worker threads, those of Bun and Deno included. To load node:worker_threads takes 3.6 ms (Node 20).
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

/** True where something waits for what is on its way before the process ends, so that nothing else has to hold it. */
export function isEndWatched(): boolean {
  return watches > 0;
}

/** A class and no closures: as these, inside of one function, it takes 0.1 ms more to be compiled (Node 20). */
class ProcessWatch {
  private readonly _process: NodeJS.Process;
  private readonly _events: NodeJS.EventEmitter;
  private readonly _end: ProcessEnd;
  private readonly _listeners: [event: string, listener: Listener][] = [];
  private readonly _immediate: NodeJS.Immediate | undefined = undefined;
  /** Events that have lost a listener in this turn: those that are called once are removed before they run. */
  private readonly _removed = new Set<string>();
  /** When the flush for a signal began. */
  private _endingSince: number | undefined = undefined;
  private _crash: { readonly thrown: unknown } | undefined = undefined;
  // Of the spans that had ended by the last flush before a natural end, and for the next one.
  private _flushed = 0;
  private _patience = PATIENCE_MILLIS;

  constructor(process: NodeJS.Process, end: ProcessEnd) {
    this._process = process;
    this._events = process;
    this._end = end;
    if (end.isExit) {
      this._listen('on', 'beforeExit', () => this._beforeExit());
      this._listen('on', 'exit', () => this._exit());
      // In a turn of its own, since it takes as long as all the rest (0.1 ms, Node 20); until then there is little to send.
      this._immediate = setImmediate(() => {
        for (const signal of Object.keys(SIGNALS) as Signal[]) {
          this._listen('prependListener', signal, () => this._signal(signal));
        }
      });
    }
    if (end.isCrash) this._listen('prependListener', 'uncaughtException', (thrown) => this._exception(thrown));
    this._listen('on', 'uncaughtExceptionMonitor', (thrown) => {
      if (this._crash === undefined) end.mark(thrown);
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
      // A signal that the system does not have.
    }
  }

  /** True where no other listener will end the process; up to `polite` ones, those of signal-exit, do not count. */
  private _isAlone(event: string, polite = 0): boolean {
    return !this._removed.has(event) && this._events.listenerCount(event) - 1 <= polite;
  }

  private async _beforeExit(): Promise<void> {
    // Other listeners of this event may end spans, too.
    await undefined;
    const { _end, _patience } = this;
    const ended = _end.ended();
    if (ended === this._flushed || _patience < LEAST_PATIENCE_MILLIS) return;
    this._flushed = ended;
    // A flush makes the event come again: a listener that ends a span each time must not keep the process for ever.
    this._patience /= 2;
    const start = performance.now();
    await _end.flush(_patience);
    // A request that nobody answers would hold the process. Timers may be early by less than a millisecond.
    if (performance.now() - start > _patience - 1) await _end.shutdown(0);
  }

  private _exit(): void {
    // What prints spans can still print those that it holds.
    if (!this._end.reportUnsent()) this._end.shutdown(0);
    if (this._crash === undefined) return;
    // The application exits while its crash is held up.
    this._process.exitCode = 1;
    console.error(this._crash.thrown);
  }

  private _signal(signal: Signal): void {
    const { _endingSince } = this;
    if (_endingSince !== undefined) {
      if (performance.now() - _endingSince >= REPETITION_MILLIS) this._raise(signal);
    } else if (this._isAlone(signal, signalExitListeners(this._process))) {
      this._endingSince = performance.now();
      this._finish(() => this._raise(signal));
    } else {
      this._end.flush(PATIENCE_MILLIS);
    }
  }

  /** Ends the process by `signal`, unless others answer for it. */
  private _raise(signal: Signal): void {
    const { _process } = this;
    this.stop();
    try {
      // The kernel does not end the first process of a container by a signal that it has no listener for.
      if (_process.pid !== 1) {
        _process.kill(_process.pid, signal);
        return;
      }
    } catch {
      // Deno may not be permitted to.
    }
    _process.exit(128 + SIGNALS[signal]);
  }

  private _exception(thrown: unknown): void {
    // What else is thrown while a crash is held up would have come to nothing without us, too.
    if (this._crash !== undefined || !this._isAlone('uncaughtException')) return;
    this._crash = { thrown };
    this._end.endOpen();
    this._finish(() => {
      // Bun shows the line that throws last, and so ours; what is reported keeps its own.
      if (this._process.versions.bun !== undefined) reportError(thrown);
      // For what is thrown in a microtask Node shows the line that made the error, or else one of its own.
      else {
        queueMicrotask(() => {
          throw thrown;
        });
      }
    });
  }

  private async _finish(andThen: () => void): Promise<void> {
    await this._end.shutdown(PATIENCE_MILLIS);
    this._end.reportUnsent();
    this.stop();
    andThen();
  }
}

interface Counting {
  readonly count?: unknown;
}

/**
 * How many listeners of a signal are those of the package signal-exit, versions 3 and 4: it ends the process as soon as no
 * others are left.
 */
function signalExitListeners(process: object): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: Counting };
  const { [Symbol.for('signal-exit emitter')]: fourth } = globalThis as { [key: symbol]: Counting | undefined };
  return Number(third?.count ?? 0) + Number(fourth?.count ?? 0);
}
