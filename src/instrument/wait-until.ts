import { read } from '../core/property.ts';

/** Keeps what an event runs in alive until `promise` is settled. */
export type WaitUntil = (promise: Promise<unknown>) => void;

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
 */
export function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  const [first, second, third] = args;
  for (const candidate of [third, second, first, ...CONTEXTS.map(requestContext)]) {
    const host = candidate as { waitUntil(promise: Promise<unknown>): void };
    if (typeof read(candidate, 'waitUntil') === 'function' && !isLasting(candidate)) {
      // Not taken off its object, which native ones need.
      return (promise) => host.waitUntil(promise);
    }
  }
  return undefined;
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
