import { watchProcessEnd } from '#platform';
import type { Config } from '../config.ts';
import { now } from '../core/clock.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { OpenSpans } from '../core/open-spans.ts';
import type { TracerProvider } from '../core/provider.ts';
import { ERROR } from '../core/status.ts';

// What a processor may need beyond the deadline to say what it knows.
const GRACE_MILLIS = 500;

/**
 * Sees to it that what `provider` has recorded is sent when the process ends, as the settings say.
 *
 * @param pending - How many spans have ended and are not sent.
 * @returns What takes it all back; `undefined` where there is nothing to take back.
 */
export function flushAtEnd(config: Config, provider: TracerProvider, pending: () => number): (() => void) | undefined {
  const { flushOnExit = true, flushOnCrash = false } = config;
  if (!flushOnExit && !flushOnCrash) return undefined;
  const end = new ProviderEnd(flushOnExit, flushOnCrash, provider, pending);
  const unwatch = watchProcessEnd(end);
  if (unwatch !== undefined) provider._openSpans = end._spans;
  return unwatch;
}

/** What becomes of a provider's spans at the end of the process. */
class ProviderEnd {
  readonly isExit: boolean;
  readonly isCrash: boolean;
  readonly _spans = new OpenSpans();
  private readonly _provider: TracerProvider;
  private readonly _pending: () => number;

  constructor(isExit: boolean, isCrash: boolean, provider: TracerProvider, pending: () => number) {
    this.isExit = isExit;
    this.isCrash = isCrash;
    this._provider = provider;
    this._pending = pending;
  }

  ended(): number {
    return this._spans.ended;
  }

  flush(timeoutMillis: number): Promise<unknown> {
    return this._provider.forceFlush({ timeoutMillis, _isLast: true });
  }

  shutdown(timeoutMillis: number): Promise<unknown> {
    // It may be under way already, with another deadline.
    return within(timeoutMillis + GRACE_MILLIS, this._provider.shutdown({ timeoutMillis }));
  }

  reportUnsent(): number {
    const count = this._pending();
    if (count > 0) report('spans_unsent', `${count} ${count === 1 ? 'span' : 'spans'}`, 'error');
    return count;
  }

  mark(thrown: unknown): void {
    const message = messageOf(thrown);
    for (const span of this._spans.list()) {
      span.recordException(thrown);
      span.setStatus({ code: ERROR, message });
    }
  }

  endOpen(): void {
    const time = now();
    for (const span of this._spans.list()) span.end(time);
  }
}
