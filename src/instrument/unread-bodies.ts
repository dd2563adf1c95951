import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/**
 * Ends a span that waits for the body of a response to be read to its end. A span whose body is being read stays open,
 * unless this is the last chance.
 */
export type EndUnread = (isLast: boolean) => void;

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

/** The only signal for a response that is dropped unread. Created on first use, as Workers require. */
let lost: FinalizationRegistry<EndUnread> | undefined;

/**
 * Arranges for `end` to be called if nobody reads `response`.
 *
 * @returns A function that cancels this.
 */
export function expectReading(response: object, context: Context, end: EndUnread): () => void {
  // Outside of such a context, they end when tracing is shut down.
  const unread = (context.getValue(KEY) as Set<EndUnread> | undefined) ?? processState.unread;
  if (unread.size < MAX_UNREAD) unread.add(end);
  if (typeof FinalizationRegistry === 'function') {
    lost ??= new FinalizationRegistry((endLost) => endLost(false));
    lost.register(response, end, end);
  }
  return () => {
    unread.delete(end);
    lost?.unregister(end);
  };
}
