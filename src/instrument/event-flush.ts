import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import type { WaitUntil } from './wait-until.ts';

/** Sends what has ended. */
export type Flush = () => Promise<unknown>;

// What ends within this time leaves with one request, whichever event sends it.
const GATHER_MILLIS = 50;
// More than `forceFlush` takes by itself, and less than Workers give to what outlives a response, 30 seconds.
const PATIENCE_MILLIS = 15_000;

/** How often each has begun. */
const begun = /* @__PURE__ */ new WeakMap<Flush, number>();

/**
 * Has `waitUntil` wait until `over` is settled and what has ended by then is sent. Of events that end together the first
 * one sends the spans of all: nobody's flush is awaited by another event, but where one has begun since, it has
 * taken along what there was. Never throws, and what is waited for never rejects.
 */
export function flushAfter(over: Promise<unknown>, waitUntil: WaitUntil, flush: Flush): void {
  const flushed = over.then(async () => {
    const before = begun.get(flush);
    await new Promise((resolve) => setTimeout(resolve, GATHER_MILLIS));
    // Its timer goes with an event that is ended by the runtime: then none has begun, and the next one does.
    if (begun.get(flush) !== before) return;
    begun.set(flush, (before ?? 0) + 1);
    // Whatever else it does is nobody's event.
    const suppressed = suppressTracing(ROOT_CONTEXT);
    await within(PATIENCE_MILLIS, processState.contextStorage.run(suppressed, flush));
  });
  const settled = flushed.catch((error) => report('flush_failed', messageOf(error), 'error'));
  try {
    waitUntil(settled);
  } catch {
    // Too late, as a runtime sees it. What is under way goes on, as far as it lets it.
  }
}
