import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { WaitUntil } from './wait-until.ts';

/** Exports the spans that have ended. Resolves to the number that is left, if it says so, as `forceFlush` does. */
export type Flush = () => Promise<unknown>;

// Spans that end within this time leave in one request, whichever event sends them.
const GATHER_MILLIS = 50;
// Longer than `forceFlush` takes by itself, and less than the 30 seconds that Workers give to work after a response.
const PATIENCE_MILLIS = 15_000;
// The pauses before spans that are left are sent again. There may be no further event for hours, nor a process that
// outlives this one.
const PAUSES_MILLIS = [1_000, 2_000, 4_000];

/** How many times each flush has started. */
const begun = /* @__PURE__ */ new WeakMap<Flush, number>();

/**
 * Makes `waitUntil` wait until `over` is settled and the spans that ended by then are sent. When several events end
 * together, the first one sends the spans of all. No event waits for another event's flush: if one has started
 * meanwhile, it has taken these spans along. Never throws, and the promise that it passes to `waitUntil` never rejects.
 */
export function flushAfter(over: Promise<unknown>, waitUntil: WaitUntil, flush: Flush): void {
  const flushed = over.then(async () => {
    const before = begun.get(flush);
    await new Promise((resolve) => setTimeout(resolve, GATHER_MILLIS));
    // If the runtime ends the event, this timer is lost with it. No flush has started then, so the next event starts
    // one.
    if (begun.get(flush) !== before) return;
    const own = (before ?? 0) + 1;
    begun.set(flush, own);
    const isLatest = () => begun.get(flush) === own;
    // Suppressed, so that nothing the flush does is traced or counts as work of an event.
    const suppressed = suppressTracing(ROOT_CONTEXT);
    await within(PATIENCE_MILLIS, processState.contextStorage.run(suppressed, repeated, flush, isLatest));
  });
  const settled = flushed.catch((error) => report('flush_failed', messageOf(error), 'error'));
  try {
    waitUntil(settled);
  } catch {
    // The runtime considers it too late. The flush continues as far as the runtime allows.
  }
}

/** Repeats a flush until no spans are left, or another flush takes them along. */
async function repeated(flush: Flush, isLatest: () => boolean): Promise<void> {
  for (const pause of PAUSES_MILLIS) {
    if (!((read(await flush(), 'pending') as number) > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (!isLatest()) return;
  }
  await flush();
}
