import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/**
 * Ends a span that waits for the body of a response to be read to its end. One whose body is being read goes on, unless
 * this is the last chance.
 */
export type EndUnread = (isLast: boolean) => void;

// Nobody has so many responses of which nothing is read; beyond this they are left to the garbage collector.
const MAX_UNREAD = 10_000;

const KEY = /* @__PURE__ */ Symbol.for('@realtime-ai/trace unread bodies');

/**
 * A context of which it is known which responses in it are read by nobody, so that their spans can be ended with what they
 * belong to: a Worker that hands a response on sees nothing of its body.
 */
export function withUnread(context: Context, unread: Set<EndUnread>): Context {
  return context.setValue(KEY, unread);
}

/** Where a response is let go of unread, nothing else tells. Made when it is needed, as Workers want it. */
let lost: FinalizationRegistry<EndUnread> | undefined;

/** Sees to it that `end` is called should nobody read `response`. @returns What takes that back. */
export function expectReading(response: object, context: Context, end: EndUnread): () => void {
  // Those of no such context are ended when tracing is shut down.
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
