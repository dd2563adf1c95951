import { type ContextStorage, stackStorage } from './context-storage.ts';

// Cloudflare Workers, and whatever else runs on workerd.

export {
  checkedTls,
  constrained,
  createFetch,
  createGzip,
  env,
  explanations,
  fillRandom,
  ioPerRequest,
  isEndWatched,
  isUnsent,
  language,
  loadGrpc,
  markUnsent,
  processAttributes,
  readFile,
  unref,
  watchProcessEnd,
  writeError,
  writeOut,
} from './default.ts';
export type { ContextStorage };

// A static import kills the start of a Worker that has neither `nodejs_als` nor `nodejs_compat`; and with `nodejs_als`
// alone `process.getBuiltinModule` is absent.
const hooks: { AsyncLocalStorage: new () => ContextStorage } | undefined = await import('node:async_hooks').catch(
  () => undefined,
);

export function createContextStorage(): ContextStorage {
  return hooks === undefined ? stackStorage() : new hooks.AsyncLocalStorage();
}
