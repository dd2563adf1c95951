import { watchProcessEnd } from '#platform';
import type { Config } from '../config.ts';
import { compareHrTime, now } from '../core/clock.ts';
import { ROOT_CONTEXT, spanIn } from '../core/context.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { OpenSpans, reportOpen } from '../core/open-spans.ts';
import { processState } from '../core/process-state.ts';
import type { TracerProvider } from '../core/provider.ts';
import { recordThrown } from '../core/span-callback.ts';
import type { BatchSpanProcessor } from '../export/batch.ts';

// The time beyond the deadline that a processor may need to report its result.
const GRACE_MILLIS = 500;

/**
 * Sends what `provider` has recorded when the process ends, as the settings say.
 *
 * @param batch - Sends the spans; `undefined` if they do not leave over OTLP.
 * @returns A function that undoes it; `undefined` if there is nothing to undo.
 */
export function flushAtEnd(
  config: Config,
  provider: TracerProvider,
  batch: BatchSpanProcessor | undefined,
): (() => void) | undefined {
  const { flushOnExit = true, flushOnCrash = false } = config;
  if (!flushOnExit && !flushOnCrash) return undefined;
  const end = new ProviderEnd(flushOnExit, flushOnCrash, provider, batch);
  const unwatch = watchProcessEnd(end);
  if (unwatch !== undefined) provider._openSpans = end._spans;
  return unwatch;
}

/** What happens to a provider's spans at the end of the process. */
class ProviderEnd {
  readonly isExit: boolean;
  readonly isCrash: boolean;
  readonly _spans = new OpenSpans();
  private readonly _provider: TracerProvider;
  private readonly _batch: BatchSpanProcessor | undefined;

  constructor(isExit: boolean, isCrash: boolean, provider: TracerProvider, batch: BatchSpanProcessor | undefined) {
    this.isExit = isExit;
    this.isCrash = isCrash;
    this._provider = provider;
    this._batch = batch;
  }

  ended(): number {
    for (const end of processState.unread) end(false);
    return this._spans.ended;
  }

  flush(timeoutMillis: number): Promise<unknown> {
    return this._provider.forceFlush({ timeoutMillis, _isLast: true });
  }

  shutdown(timeoutMillis: number): Promise<unknown> {
    // A shutdown may already be under way, with another deadline.
    return within(timeoutMillis + GRACE_MILLIS, this._provider.shutdown({ timeoutMillis }));
  }

  reportOpen(): void {
    for (const end of processState.unread) end(true);
    reportOpen(this._provider);
  }

  reportUnsent(): void {
    const unsent = this._batch?._delivery._unsent();
    if (unsent) report('spans_unsent', unsent, 'error');
  }

  exit(): void {
    this.reportUnsent();
    for (const processor of this._provider._processors) {
      // A batch would report its spans once more.
      if (processor === this._batch) continue;
      try {
        Promise.resolve(processor.shutdown({ timeoutMillis: 0 })).catch(() => {});
      } catch {
        // Nothing more can be done.
      }
    }
  }

  mark(thrown: unknown, isHandled: boolean): void {
    const active = spanIn(processState.contextStorage.getStore() ?? ROOT_CONTEXT);
    for (const span of this._spans.list()) {
      // A handled exception does not concern other work, and a span may have recorded what has passed through it.
      if ((isHandled && span !== active) || span.status.message === messageOf(thrown)) continue;
      recordThrown(span, thrown);
    }
  }

  endOpen(signal?: string): void {
    // A shutdown has reported them.
    if (this._provider._isShutDown) return;
    for (const end of processState.unread) end(true);
    const time = now();
    // The printer draws a trace when its root ends.
    const newestFirst = this._spans.list().sort((a, b) => compareHrTime(b.startTime, a.startTime));
    for (const span of newestFirst) {
      if (signal) span.addEvent('process.terminated', { 'process.signal': signal }, time);
      span.end(time);
    }
  }
}
