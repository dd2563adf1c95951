import { ioPerRequest } from '#platform';
import { now } from '../core/clock.ts';
import { later } from '../core/deadline.ts';
import type { Span } from '../core/span.ts';
import { setError, setFailure } from './failure.ts';
import { CLIENT_DISCONNECTED, ERROR_TYPE, HTTP_ABORTED } from './http-names.ts';

const open = /* @__PURE__ */ new Set<OpenEvent>();
/** The clock reading before which no deadline passes. */
let due = Infinity;
let timer: unknown;

/**
 * An event that a server has started to handle. Its span ends once, by whatever comes first, and at the latest after
 * `timeoutMillis` without activity. The application's own work is not affected.
 *
 * Runtimes whose I/O ends with the request also drop its timers then, and take a timer for a sign that the request
 * still works. There, the next event ends the spans of overdue events instead.
 */
export class OpenEvent {
  readonly span: Span;
  /** Settles when the span has ended. */
  readonly over: Promise<void>;
  private readonly _timeoutMillis: number;
  private readonly _onEnd: () => void;
  private _setOver!: () => void;
  _deadline: number;

  /** @param onEnd - Called when the span has ended, possibly by another event. */
  constructor(span: Span, timeoutMillis: number, onEnd: () => void) {
    this.span = span;
    this._onEnd = onEnd;
    this.over = new Promise((resolve) => {
      this._setOver = resolve;
    });
    this._timeoutMillis = timeoutMillis;
    this._deadline = now() + timeoutMillis;
    open.add(this);
    if (now() >= due) endLate();
    if (this._deadline < due) endLateAt(this._deadline);
  }

  /** Extends the deadline after activity. */
  touch(): void {
    this._deadline = now() + this._timeoutMillis;
  }

  /** Ends the span, now or at a given clock reading. */
  end(at?: number): void {
    if (!open.delete(this)) return;
    this.span.end(at);
    this._onEnd();
    this._setOver();
  }

  /** Ends the span with what the application threw. */
  fail(error: unknown): void {
    setFailure(this.span, error);
    this.end();
  }

  /** Ends the span because nobody waits any longer. This is recorded, but it is not an error of the server. */
  cancelled(): void {
    if (!open.has(this)) return;
    this.span.setAttributes({ [HTTP_ABORTED]: true, [ERROR_TYPE]: CLIENT_DISCONNECTED });
    this.end();
  }

  _expire(): void {
    setError(this.span, 'timeout', `no activity for ${this._timeoutMillis} ms`);
    this.end(this._deadline);
  }
}

function endLateAt(at: number): void {
  due = at;
  // A timer would keep Workers from seeing that a handler hangs; they end such a handler at once.
  if (ioPerRequest) return;
  clearTimeout(timer as number | undefined);
  timer = later(endLate, at - now());
}

function endLate(): void {
  const at = now();
  let next = Infinity;
  for (const event of open) {
    const { _deadline } = event;
    if (_deadline > at) next = Math.min(next, _deadline);
    else event._expire();
  }
  due = Infinity;
  if (next < Infinity) endLateAt(next);
}
