import { type ContextStorage, stackStorage } from './context-storage.ts';
import * as unknown from './default.ts';
import type { Runtime } from './runtime.ts';

export { explanations } from './default.ts';
export type { ContextStorage };

// A static import kills the start of a Worker that has neither `nodejs_als` nor `nodejs_compat`; and with `nodejs_als`
// alone `process.getBuiltinModule` is absent.
const hooks: { AsyncLocalStorage: new () => ContextStorage } | undefined = await import('node:async_hooks').catch(
  () => undefined,
);

export function createContextStorage(): ContextStorage {
  return hooks === undefined ? stackStorage() : new hooks.AsyncLocalStorage();
}

/** Cloudflare Workers, and whatever else runs on workerd. */
export const runtime: Runtime = { ...unknown.runtime, name: 'workerd' };
