import { isTracingSuppressed } from '../core/context.ts';
import { read } from '../core/property.ts';
import { activeContext } from '../trace.ts';

/** Keeps the environment of an event alive until `promise` settles. */
export type WaitUntil = (promise: Promise<unknown>) => void;

interface Host {
  waitUntil: WaitUntil;
}

/** The host's own `waitUntil`, and what is notified of the application's work. */
interface Watching {
  readonly own: WaitUntil;
  onWork: WaitUntil;
}

/**
 * Keyed by the replacement of a host's `waitUntil`: a server may create, for each event, another object that passes it
 * on.
 */
const watched = /* @__PURE__ */ new WeakMap<object, Watching>();

// Where servers that pass no context to their handlers keep one. A host of Vercel's or Next's sets it.
const CONTEXTS = ['@vercel/request-context', '@next/request-context'];

// Servers whose process lives on by itself: there, srvx's `waitUntil` is for work that a shutdown has to wait for.
const LASTING = ['node', 'bun', 'deno', 'uws'];

/**
 * Returns the runtime's `waitUntil`, if the arguments of an event or its surroundings have one:
 *
 * - `ctx`, the third argument of a Worker's event, which Hono passes on; for a Durable Object, what its class is
 *   constructed with;
 * - the second argument: a service worker's or Next's event, the context of Netlify and of Vercel;
 * - the request of srvx;
 * - the global request context of Vercel and Next.
 *
 * Returns `undefined` on a server of Node, Bun or Deno, whose process lives on after the response. Never throws.
 *
 * @param onWork - Called from now on with each promise that the application passes to the same `waitUntil`.
 */
export function waitUntilOf(args: readonly unknown[], onWork?: WaitUntil): WaitUntil | undefined {
  const [first, second, third] = args;
  for (const candidate of [third, second, first, ...CONTEXTS.map(requestContext)]) {
    const own = read(candidate, 'waitUntil');
    if (typeof own === 'function' && !isLasting(candidate)) return watch(candidate as Host, own as WaitUntil, onWork);
  }
  return undefined;
}

function watch(host: Host, given: WaitUntil, onWork: WaitUntil | undefined): WaitUntil {
  const known = watched.get(given);
  if (known !== undefined) {
    known.onWork = onWork ?? known.onWork;
    return known.own;
  }
  // Native functions need their object as `this`.
  const own: WaitUntil = (promise) => given.call(host, promise);
  if (onWork === undefined) return own;
  const watching: Watching = { own, onWork };
  const standIn = (work: Promise<unknown>, ...rest: unknown[]): unknown => {
    const result: unknown = Reflect.apply(given, host, [work, ...rest]);
    // Without this check, work that a flush passes on would cause another flush, and so on.
    if (!isTracingSuppressed(activeContext())) watching.onWork(work);
    return result;
  };
  watched.set(standIn, watching);
  try {
    host.waitUntil = standIn;
  } catch {
    // Its `waitUntil` cannot be replaced.
  }
  return own;
}

function isLasting(request: unknown): boolean {
  return LASTING.includes(read(read(request, 'runtime'), 'name') as string);
}

function requestContext(name: string): unknown {
  try {
    return (globalThis as Record<symbol, { get?(): unknown } | undefined>)[Symbol.for(name)]?.get?.();
  } catch {
    return undefined;
  }
}
