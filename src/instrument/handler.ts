import { either, FLAG, FUNCTION, OBJECT, POSITIVE } from '../setting.ts';
import { type Call, callRunner, type RunCall } from './event.ts';
import { traceRequest } from './fetch-event.ts';
import type { HandlerOptions } from './handler-options.ts';
import { checkServerOptions } from './server-span.ts';
import { MESSAGES } from './socket-connection.ts';
import { traceWorkerEvent, WORKER_EVENTS } from './worker-event.ts';

// Abstract, because the types of Workers declare their base classes so.
type Class = abstract new (...args: never[]) => object;

// Methods, so that parameters may have any narrower type. Handlers that are written inline without types get these.
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
 * Traces the events of a server. Each request has a SERVER span that follows OpenTelemetry's HTTP conventions: a child
 * of its caller's span, active in the handler, and ended when the response has been sent. What the handler throws or
 * returns is passed on; a response with a body may become another `Response` with the same status, headers and body.
 * `handler` is
 *
 * - a function from a `Request` (and any other arguments) to a `Response`, for Bun, Deno, edge runtimes and everything
 *   else that takes one; the result returns a promise;
 * - an object with `fetch`, such as a Worker or a Hono app: the result has traced versions of `fetch`, `scheduled`,
 *   `queue`, `email` and `tail`, and everything else is the same;
 * - a class of such objects, a Durable Object or a `WorkerEntrypoint`: the result is a class derived from it, in which
 *   `alarm`, `webSocketMessage`, `webSocketClose` and `webSocketError` are traced, too. You can extend it further.
 *
 * If tracing is not set up, the first event sets it up with `options.config` and the event's `env`. After each event,
 * the spans that have ended are exported while the runtime waits (`waitUntil`).
 *
 * @throws TypeError if `handler` is none of these; TypeError or RangeError naming an option that cannot be used.
 */
export function traceHandler<A extends unknown[] = EventArguments, R = unknown>(
  handler: (...args: A) => R,
  options?: HandlerOptions,
): (...args: [...A, ...rest: unknown[]]) => Promise<Awaited<R>>;
export function traceHandler<T extends Class>(handler: T, options?: HandlerOptions): T;
export function traceHandler<T extends EventHandlers>(handler: T, options?: HandlerOptions): T;
export function traceHandler(handler: unknown, options: HandlerOptions = {}): unknown {
  checkServerOptions(options, {
    config: either(OBJECT, FUNCTION),
    timeoutMillis: POSITIVE,
    flush: either(FLAG, FUNCTION),
    timeBody: FLAG,
    carrierOf: FUNCTION,
    connectionId: FUNCTION,
    messages: MESSAGES,
  });
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
  throw new TypeError('handler: a function, a class, or an object with fetch() or another Workers event is required');
}

/** The events of an object. A class may have all of them. */
const OF_OBJECTS = ['fetch', 'scheduled', 'queue', 'email', 'tail'];

function runEvent(name: string, run: RunCall, options: HandlerOptions, call: Call): unknown {
  return run(call, () => (name === 'fetch' ? traceRequest(options, call) : traceWorkerEvent(name, options, call)));
}

/**
 * Gives a function the name and length of another. The length is at least 1: Deno passes no request to a function
 * without parameters.
 */
function like<F extends object>({ name, length }: { name: string; length: number }, traced: F): F {
  return Object.defineProperties(traced, { name: { value: name }, length: { value: Math.max(length, 1) } });
}

/**
 * True for a class. Its prototype, unlike that of a plain function, is read-only or has members besides `constructor`.
 * Checking only one of these is not enough, since the base classes of Workers are ordinary functions.
 */
function isClass(value: unknown): value is Class {
  if (typeof value !== 'function') return false;
  const own = Object.getOwnPropertyDescriptor(value, 'prototype');
  return own !== undefined && (!own.writable || Reflect.ownKeys(Object(own.value)).length > 1);
}

/**
 * Returns an object of the same class whose events are traced, and whose other members are those of the original;
 * nothing if it has no events. Methods run on the original, since only that has the private members.
 */
function tracedObject(handler: object, run: RunCall, options: HandlerOptions): object | undefined {
  const source = handler as Record<PropertyKey, unknown>;
  const original = (self: unknown) => (self === traced ? handler : self);
  const onOriginal: ProxyHandler<() => unknown> = {
    apply(method, self, args) {
      const result = Reflect.apply(method, original(self), args);
      return result === handler ? traced : result;
    },
  };
  let members: PropertyDescriptorMap = {};
  for (let owner: object = handler; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    members = { ...Object.getOwnPropertyDescriptors(owner), ...members };
  }
  for (const name of Reflect.ownKeys(members)) {
    const member = members[name];
    if (typeof member.value === 'function' && name !== 'constructor' && !Object.hasOwn(handler, name)) {
      member.value = new Proxy(member.value, onOriginal);
    } else {
      members[name] = {
        get: () => source[name],
        set(value) {
          source[name] = value;
        },
        enumerable: member.enumerable,
        configurable: true,
      };
    }
  }
  let isTraced = false;
  for (const name of OF_OBJECTS) {
    const method = source[name];
    if (typeof method !== 'function') continue;
    isTraced = true;
    const value = like(method, async function (this: unknown, ...args: unknown[]) {
      return runEvent(name, run, options, {
        event: args,
        args,
        run: () => (source[name] as typeof method).apply(original(this), args),
      });
    });
    members[name] = { value, writable: true, enumerable: true, configurable: true };
  }
  const traced: object = Object.create(Object.getPrototypeOf(handler), members);
  return isTraced ? traced : undefined;
}

/**
 * Returns a class derived from `Base`. Events are wrapped on the prototype of the class that is instantiated. So events
 * that further derived classes add are traced as well, and an event that calls `super` is traced only once. Nothing is
 * added to instances, because others may call their methods (RPC).
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
  // The name that logs and errors show.
  Object.defineProperty(Traced, 'name', { value: Base.name });
  return Traced;
}
