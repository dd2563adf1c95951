import { read } from '../core/property.ts';

/** Keeps what an event runs in alive until `promise` is settled. */
export type WaitUntil = (promise: Promise<unknown>) => void;

interface Host {
  waitUntil: WaitUntil;
}

/** Of each host that is watched, what it had before, and who is told of what the application hands to it. */
const watched = /* @__PURE__ */ new WeakMap<object, { readonly own: WaitUntil; onWork: WaitUntil }>();

// Where servers that hand no context to their handlers have one. A host of Vercel's or Next's sets it.
const CONTEXTS = ['@vercel/request-context', '@next/request-context'];

// Servers whose process goes on by itself: there srvx's `waitUntil` is for work that a shutdown is to wait for.
const LASTING = ['node', 'bun', 'deno', 'uws'];

/**
 * The `waitUntil` of the runtime, as far as the arguments of an event or its surroundings have one:
 *
 * - `ctx`, the third argument of a Worker's event, which Hono hands on; what the class of a Durable Object is made with;
 * - the second argument: a service worker's or Next's event, the context of Netlify and of Vercel;
 * - the request of srvx;
 * - the global request context of Vercel and Next.
 *
 * `undefined` on a server of Node, Bun or Deno, whose process goes on after the response. Never throws.
 *
 * @param onWork - Is told from here on of each promise that the application hands to the same `waitUntil`.
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
  const known = watched.get(host);
  if (known !== undefined) {
    known.onWork = onWork ?? known.onWork;
    return known.own;
  }
  // Native ones need their object.
  const own: WaitUntil = (promise) => given.call(host, promise);
  if (onWork === undefined) return own;
  const watching = { own, onWork };
  watched.set(host, watching);
  try {
    host.waitUntil = (work) => {
      own(work);
      watching.onWork(work);
    };
  } catch {
    // One that takes no other.
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
