import { ioPerRequest } from '#platform';
import { now } from '../core/clock.ts';
import { later } from '../core/deadline.ts';
import type { Span } from '../core/span.ts';
import { setError, setFailure } from './failure.ts';
import { CLIENT_DISCONNECTED, ERROR_TYPE, HTTP_ABORTED } from './http-names.ts';

const open = /* @__PURE__ */ new Set<OpenEvent>();
/** The reading of the clock before which no deadline is over. */
let due = Infinity;
let timer: unknown;

/**
 * An event that a server has begun with: its span ends once, whatever comes first, and after `timeoutMillis` without a
 * sign of life at the latest. What the application does is not touched by it.
 *
 * Runtimes whose I/O ends with the request drop its timers then, and take a timer for a sign that the request still works; so
 * there it is the next event that ends the spans of those whose time is over.
 */
export class OpenEvent {
  readonly span: Span;
  /** Settles when the span has ended. */
  readonly over: Promise<void>;
  private readonly _timeoutMillis: number;
  private readonly _onEnd: () => void;
  private _setOver!: () => void;
  _deadline: number;

  /** @param onEnd - Called when the span has ended, perhaps by another event. */
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

  /** A sign of life. */
  touch(): void {
    this._deadline = now() + this._timeoutMillis;
  }

  /** Ends the span, now or at a reading of the clock. */
  end(at?: number): void {
    if (!open.delete(this)) return;
    this.span.end(at);
    this._onEnd();
    this._setOver();
  }

  /** Ends the span with what the application threw. */
  fail(error: unknown): void {
    if (!open.has(this)) return;
    setFailure(this.span, error);
    this.end();
  }

  /** Ends the span of what nobody waits for any more: said, and no error of the server's. */
  cancelled(): void {
    if (!open.has(this)) return;
    this.span.setAttributes({ [HTTP_ABORTED]: true, [ERROR_TYPE]: CLIENT_DISCONNECTED });
    this.end();
  }

  _expire(): void {
    setError(this.span, 'timeout', `no sign of life for ${this._timeoutMillis} ms`);
    this.end(this._deadline);
  }
}

function endLateAt(at: number): void {
  due = at;
  // A timer would keep Workers from seeing that a handler hangs, and they end those at once.
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
