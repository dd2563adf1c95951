import { ioPerRequest } from '#platform';
import { type Context, setSpan } from '../core/context.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { forceFlush, initialize, isInitialized } from '../trace.ts';
import { type Flush, flushAfter } from './event-flush.ts';
import { keepSpan } from './event-span.ts';
import type { EventOptions } from './handler-options.ts';
import { OpenEvent } from './open-event.ts';
import { type EndUnread, withUnread } from './unread-bodies.ts';
import { type WaitUntil, waitUntilOf } from './wait-until.ts';

/** One call of a handler by the runtime. */
export interface Call {
  /** The event as a Worker is handed it: what it is of, the environment, and the context, as far as there are such. */
  readonly event: readonly unknown[];
  /** Of the handler; the same unless it is a method of a class. */
  readonly args: readonly unknown[];
  /** Calls the handler. */
  readonly run: () => unknown;
}

/** What is traced of a call. */
export interface TracedCall {
  /** The context of the caller. */
  readonly parent: Context;
  readonly span: Span;
  /** Says that the client has gone. */
  readonly signal?: AbortSignal;
  /** Sees to the end of the event when the handler has returned; never throws. Default: it is over. */
  readonly finish?: (event: OpenEvent, result: unknown, context: Context) => unknown;
}

/** Runs calls of a handler, each as what `trace` makes of it; nothing is what is not to be traced. */
export type RunCall = (call: Call, trace: () => TracedCall | undefined) => unknown;

// Longer than platforms let a response wait for its headers by default: Vercel does for 300 seconds, Cloudflare's proxy
// for 100.
const TIMEOUT_MILLIS = 300_000;
// An object may be the context of several events, one of which may go on for long.
const SOON_MILLIS = 1_000;

/** What runs the calls of a handler with these options: what the handler returns and throws is passed on. */
export function callRunner(options: EventOptions): RunCall {
  let isFirst = true;
  return (call, trace) => {
    if (options.tracer === undefined) {
      if (isFirst && !isInitialized()) initializeFor(call, options);
      isFirst = false;
      if (!isInitialized()) return call.run();
    }
    const traced = trace();
    if (traced === undefined) return call.run();
    const { parent, span } = traced;
    keepSpan(call.args[0], span);
    const context = setSpan(parent, span);
    // What is not recorded passes the trace on, and no more.
    return span.isRecording()
      ? runTraced(options, call, traced, context)
      : processState.contextStorage.run(context, call.run);
  };
}

/** When work in the background is done, and its event, too, if that is soon: both leave together then. */
async function afterWork(work: Promise<unknown>, over: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
  await within(SOON_MILLIS, over);
}

/** Sets tracing up with what the first event brings along; where that cannot be used, the service goes on untraced. */
function initializeFor({ event: [subject, second, context] }: Call, { config = {} }: EventOptions): void {
  // Other servers have something else in its place, and no context behind it. srvx has it in the request.
  const env =
    typeof read(context, 'waitUntil') === 'function'
      ? second
      : read(read(read(subject, 'runtime'), 'cloudflare'), 'env');
  try {
    const given = typeof config === 'function' ? config(env as never) : config;
    initialize(env ? { env, ...given } : given);
  } catch (error) {
    report('config_refused', messageOf(error), 'error');
  }
}

async function runTraced(
  options: EventOptions,
  { event: subjects, run }: Call,
  { span, signal, finish }: TracedCall,
  context: Context,
): Promise<unknown> {
  // Of a response that is handed on without having been read, nothing else says that it is over.
  const unread = new Set<EndUnread>();
  const event = new OpenEvent(span, options.timeoutMillis ?? TIMEOUT_MILLIS, () => {
    // What is still being read goes on where the process does.
    for (const end of unread) end(ioPerRequest);
  });
  const { flush = true } = options;
  const send = flush === true ? forceFlush : (flush as Flush);
  // What goes on after the response ends spans, too.
  const waitUntil: WaitUntil | undefined = flush
    ? waitUntilOf(subjects, (work) => flushAfter(afterWork(work, event.over), waitUntil as WaitUntil, send))
    : undefined;
  const begin = (): void => {
    try {
      signal?.addEventListener('abort', () => event.cancelled(), { once: true });
    } catch {
      // It may be anything that a server or a test has put there.
    }
    if (waitUntil) flushAfter(event.over, waitUntil, send);
  };
  // Workers end a handler of which they see that it hangs, or that nobody waits for it. Whatever listens or is waited for
  // keeps them from that, so it has to come later there.
  if (!ioPerRequest) begin();
  let result: unknown;
  try {
    // A function of its own, so that whatever has a `then` is asked within the context, too.
    result = await processState.contextStorage.run(withUnread(context, unread), async () => run());
  } catch (error) {
    event.fail(error);
    throw error;
  } finally {
    if (ioPerRequest) begin();
  }
  if (read(signal, 'aborted') === true) event.cancelled();
  if (finish) return finish(event, result, context);
  event.end();
  return result;
}
