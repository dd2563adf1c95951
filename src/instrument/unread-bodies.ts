import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/**
 * Ends a span that waits for the body of a response to be read to its end. A span whose body is being read stays open,
 * unless this is the last chance. `isLost` says that nobody can read on.
 */
export type EndUnread = (isLast: boolean, isLost?: boolean) => void;

// No program has this many unread responses. Further ones are left to the garbage collector.
const MAX_UNREAD = 10_000;

const KEY = /* @__PURE__ */ Symbol.for('@realtime-ai/trace unread bodies');

/**
 * Returns a context that collects in `unread` the responses that nobody reads, so that their spans can end with the
 * event they belong to: a Worker that passes a response on sees nothing of its body.
 */
export function withUnread(context: Context, unread: Set<EndUnread>): Context {
  return context.setValue(KEY, unread);
}

/** The only signal for a response that is dropped before its end. Created on first use, as Workers require. */
let lost: FinalizationRegistry<EndUnread> | undefined;

/**
 * Arranges for `end` to be called if nobody reads a response to its end.
 *
 * @param holder - Is held by whoever can read on, and not by `end`.
 * @returns A function that cancels this.
 */
export function expectReading(holder: object, context: Context, end: EndUnread): () => void {
  // An event may be over before its background work has read the response, or sent its request.
  const sets = [processState.unread, context.getValue(KEY) as Set<EndUnread> | undefined];
  for (const unread of sets) if (unread && unread.size < MAX_UNREAD) unread.add(end);
  if (typeof FinalizationRegistry === 'function') {
    lost ??= new FinalizationRegistry((endLost) => endLost(true, true));
    lost.register(holder, end, end);
  }
  return () => {
    for (const unread of sets) unread?.delete(end);
    lost?.unregister(end);
  };
}
