import { checkSetting, POSITIVE } from '../setting.ts';
import { type Call, callRunner, type RunCall } from './event.ts';
import { traceRequest } from './fetch-event.ts';
import type { HandlerOptions } from './handler-options.ts';
import { checkSocketOptions } from './socket-connection.ts';
import { traceWorkerEvent, WORKER_EVENTS } from './worker-event.ts';

type Class = new (...args: never[]) => object;

// Methods, whose parameters may be of any narrower type; what is written in place without types gets these.
// biome-ignore-start lint/suspicious/noExplicitAny: the runtime and the user's environment say what they are
interface EventHandlers {
  fetch?(request: Request, env: any, context: any): unknown;
  scheduled?(controller: any, env: any, context: any): unknown;
  queue?(batch: any, env: any, context: any): unknown;
  email?(message: any, env: any, context: any): unknown;
  tail?(events: any, env: any, context: any): unknown;
}
type EventArguments = [request: Request, ...rest: any[]];
// biome-ignore-end lint/suspicious/noExplicitAny: as above

/**
 * Traces what a server is called for: each request is a SERVER span by OpenTelemetry's conventions for HTTP, the child of its
 * caller's, active in the handler, and over when the response has been sent. What the handler throws is passed on as it is, and
 * what it returns, too; of a response whose body is still being made, its status, headers and body are, in another `Response`.
 * `handler` is
 *
 * - a function from a `Request` (and whatever else) to a `Response`, for Bun, Deno, edge runtimes and everything else that takes
 *   one; the result returns a promise;
 * - an object with `fetch`, such as a Worker or an app of Hono: the result has traced versions of it and of `scheduled`, `queue`,
 *   `email` and `tail`, everything else is the same;
 * - a class of such objects, a Durable Object or a `WorkerEntrypoint`: the result is a class derived from it, in which
 *   `alarm`, `webSocketMessage`, `webSocketClose` and `webSocketError` are traced, too. It can be extended further.
 *
 * Where tracing is not set up, the first event does it, from `options.config` and the `env` that it brings. After each event,
 * what has ended is sent, in what the runtime waits for.
 *
 * @throws TypeError for what is none of this, and naming an option that cannot be used.
 */
export function traceHandler<A extends unknown[] = EventArguments, R = unknown>(
  handler: (...args: A) => R,
  options?: HandlerOptions,
): (...args: A) => Promise<Awaited<R>>;
export function traceHandler<T extends Class>(handler: T, options?: HandlerOptions): T;
export function traceHandler<T extends EventHandlers>(handler: T, options?: HandlerOptions): T;
export function traceHandler(handler: unknown, options: HandlerOptions = {}): unknown {
  if (options.timeoutMillis !== undefined) checkSetting('timeoutMillis', options.timeoutMillis, POSITIVE);
  checkSocketOptions({ messages: options.messages });
  const run = callRunner(options);
  if (isClass(handler)) return tracedClass(handler, run, options);
  if (typeof handler === 'function') {
    return like(handler, async function (this: unknown, ...args: unknown[]) {
      return runEvent('fetch', run, options, { event: args, args, run: () => handler.apply(this, args) });
    });
  }
  if (typeof handler === 'object' && handler !== null) {
    const traced = tracedObject(handler, run, options);
    if (traced) return traced;
  }
  throw new TypeError(
    'handler: a function, a class, or an object with fetch() or another event of Workers is required',
  );
}

/** The events of objects; those of a class are all. */
const OF_OBJECTS = ['fetch', 'scheduled', 'queue', 'email', 'tail'];

function runEvent(name: string, run: RunCall, options: HandlerOptions, call: Call): unknown {
  return run(call, () => (name === 'fetch' ? traceRequest(options, call) : traceWorkerEvent(name, options, call)));
}

/** A function with the name of another, and its length: Deno hands no request to one that asks for no arguments. */
function like<F extends object>({ name, length }: { name: string; length: number }, traced: F): F {
  return Object.defineProperties(traced, { name: { value: name }, length: { value: Math.max(length, 1) } });
}

/**
 * A class, and no function, whose prototype can be replaced and has nothing in it. One of these is true of each class: those of
 * Workers, from which others are derived, are functions like any other.
 */
function isClass(value: unknown): value is Class {
  if (typeof value !== 'function') return false;
  const own = Object.getOwnPropertyDescriptor(value, 'prototype');
  return own !== undefined && (!own.writable || Reflect.ownKeys(Object(own.value)).length > 1);
}

/** An object with the same members and of the same class, whose events are traced; nothing where it has none. */
function tracedObject(handler: object, run: RunCall, options: HandlerOptions): object | undefined {
  const members: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(handler);
  let isTraced = false;
  for (const name of OF_OBJECTS) {
    const method = (handler as Record<string, unknown>)[name];
    if (typeof method !== 'function') continue;
    isTraced = true;
    const value = like(method, async function (this: unknown, ...args: unknown[]) {
      // The original may have private members.
      const self = this === traced ? handler : this;
      return runEvent(name, run, options, { event: args, args, run: () => method.apply(self, args) });
    });
    members[name] = { value, writable: true, enumerable: true, configurable: true };
  }
  const traced: object = Object.create(Object.getPrototypeOf(handler), members);
  return isTraced ? traced : undefined;
}

/**
 * A class derived from `Base`. Of a class that is made an instance of, the events are traced on its own prototype, so that those
 * which classes derived from this one add are traced, and none twice that calls what it stands in front of. Nothing is
 * added to instances, whose methods are what others may call.
 */
function tracedClass(Base: Class, run: RunCall, options: HandlerOptions): Class {
  const seen = new WeakSet<object>();
  const made = new WeakMap<object, readonly unknown[]>();
  class Traced extends (Base as new (...args: unknown[]) => object) {
    constructor(...args: unknown[]) {
      super(...args);
      made.set(this, args);
      const prototype = new.target.prototype as Record<string, unknown>;
      if (seen.has(prototype)) return;
      seen.add(prototype);
      for (const name of ['fetch', ...Object.keys(WORKER_EVENTS)]) {
        const method = prototype[name];
        if (typeof method !== 'function') continue;
        const value = like(method, async function (this: object, ...args: unknown[]) {
          const [context, env] = made.get(this) ?? [];
          return runEvent(name, run, options, {
            event: [args[0], env, context],
            args,
            run: () => method.apply(this, args),
          });
        });
        Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
      }
    }
  }
  // What logs and errors call it.
  Object.defineProperty(Traced, 'name', { value: Base.name });
  return Traced;
}
