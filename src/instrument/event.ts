import { ioPerRequest } from '#platform';
import type { Context } from '../core/context.ts';
import { within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { forceFlush, initialize, isInitialized, isRecording } from '../trace.ts';
import { type Flush, flushAfter } from './event-flush.ts';
import { contextOfEvent } from './event-span.ts';
import type { EventOptions } from './handler-options.ts';
import { OpenEvent } from './open-event.ts';
import { type EndUnread, withUnread } from './unread-bodies.ts';
import { type WaitUntil, waitUntilOf } from './wait-until.ts';

/** One call of a handler by the runtime. */
export interface Call {
  /** The event as a Worker receives it: its subject, the environment and the context, as far as they exist. */
  readonly event: readonly unknown[];
  /** The handler's arguments: the same as `event`, unless the handler is a method of a class. */
  readonly args: readonly unknown[];
  /** Calls the handler. */
  readonly run: () => unknown;
}

/** How a call is traced. */
export interface TracedCall {
  /** The context of the caller. */
  readonly parent: Context;
  readonly span: Span;
  /** Aborts when the client disconnects. */
  readonly signal?: AbortSignal;
  /**
   * Takes over the result of the handler, and ending the event, if there is one because the span is recorded. Never
   * throws. Default: the event ends when the handler has returned.
   */
  readonly finish?: (event: OpenEvent | undefined, result: unknown, context: Context) => unknown;
}

/** Runs calls of a handler, each traced as `trace` says. If `trace` returns nothing, the call is not traced. */
export type RunCall = (call: Call, trace: () => TracedCall | undefined) => unknown;

// No shorter than platforms let a response wait for its headers by default: 300 seconds on Vercel, 100 behind
// Cloudflare's proxy.
const TIMEOUT_MILLIS = 300_000;
// An object may be the context of several events, and one of them may run for a long time.
const SOON_MILLIS = 1_000;

/** Returns a function that runs the calls of a handler. What the handler returns or throws is passed on. */
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
    const context = contextOfEvent(parent, call.args[0], span);
    if (span.isRecording()) return runTraced(options, call, traced, context);
    // A span that is not recorded only propagates the trace. If nothing is, even streams are left alone.
    const result = processState.contextStorage.run(context, async () => call.run());
    const { finish } = traced;
    return finish && (options.tracer || isRecording())
      ? result.then((response) => finish(undefined, response, context))
      : result;
  };
}

/**
 * Resolves when background work is done, and its event too if that ends soon: the spans of both then leave together.
 */
async function afterWork(work: Promise<unknown>, over: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
  await within(SOON_MILLIS, over);
}

/** Sets up tracing with what the first event provides. If that cannot be used, the service continues untraced. */
function initializeFor({ event: [subject, second, context] }: Call, { config = {} }: EventOptions): void {
  // Other servers pass something else as the second argument, and no context after it. srvx has `env` in the request.
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
  // If a response is passed on unread, nothing else tells when the span of its request is over.
  const unread = new Set<EndUnread>();
  const event = new OpenEvent(span, options.timeoutMillis ?? TIMEOUT_MILLIS, () => {
    // Where the process lives on, bodies that are still being read continue.
    for (const end of unread) end(ioPerRequest);
  });
  const { flush = true } = options;
  const send = flush === true ? forceFlush : (flush as Flush);
  // Work that continues after the response ends spans, too.
  const waitUntil: WaitUntil | undefined = flush
    ? waitUntilOf(subjects, (work) => flushAfter(afterWork(work, event.over), waitUntil as WaitUntil, send))
    : undefined;
  const begin = (): void => {
    try {
      signal?.addEventListener('abort', () => event.cancelled(), { once: true });
    } catch {
      // The signal may be anything that a server or a test has put there.
    }
    if (waitUntil) flushAfter(event.over, waitUntil, send);
  };
  // Workers end a handler when they see that it hangs, or that nobody waits for it. A listener or a pending `waitUntil`
  // would keep them from seeing that, so both are registered later there.
  if (!ioPerRequest) begin();
  let result: unknown;
  try {
    // An async function, so that the `then` of any thenable is called within the context, too.
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
