import { isTracingSuppressed, ROOT_CONTEXT } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';

/** Keeps what an event runs in alive until `promise` is settled. */
export type WaitUntil = (promise: Promise<unknown>) => void;

interface Host {
  waitUntil: WaitUntil;
}

/** What a host had before, and who is told of what the application hands to it. */
interface Watching {
  readonly own: WaitUntil;
  onWork: WaitUntil;
}

/** By what stands in the place of a host's own: a server may have another object for each event that passes it on. */
const watched = /* @__PURE__ */ new WeakMap<object, Watching>();

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
  const known = watched.get(given);
  if (known !== undefined) {
    known.onWork = onWork ?? known.onWork;
    return known.own;
  }
  // Native ones need their object.
  const own: WaitUntil = (promise) => given.call(host, promise);
  if (onWork === undefined) return own;
  const watching: Watching = { own, onWork };
  const standIn = (work: Promise<unknown>, ...rest: unknown[]): unknown => {
    const result: unknown = Reflect.apply(given, host, [work, ...rest]);
    // What a flush of the application's hands over would be flushed, too, and so on.
    if (!isTracingSuppressed(processState.contextStorage.getStore() ?? ROOT_CONTEXT)) watching.onWork(work);
    return result;
  };
  watched.set(standIn, watching);
  try {
    host.waitUntil = standIn;
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
