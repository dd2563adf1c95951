import type { ContextStorage } from './context-storage.ts';
import { createContextStorage as createAtOnce, type StorageClass } from './default.ts';

// Cloudflare Workers, and whatever else runs on workerd.

export {
  checkedTls,
  constrained,
  createFetch,
  createGzip,
  detached,
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
  terminal,
  unref,
  utf8Length,
  watchProcessEnd,
  writeError,
  writeOut,
} from './default.ts';
export type { ContextStorage };

/**
 * With `nodejs_als` alone there is neither a global nor `process.getBuiltinModule`, and a static import of the module kills
 * the start of a Worker that has no such flag. It is there before the first request: to wait for it at the top would
 * leave scripts that are no modules, and whatever is required, without this file.
 */
export function createContextStorage(): ContextStorage {
  let storage = createAtOnce();
  if (storage.isStack !== true) return storage;
  importFrom('node:async_hooks').then(
    ({ AsyncLocalStorage }) => {
      storage = new AsyncLocalStorage();
    },
    () => {},
  );
  return {
    getStore: () => storage.getStore(),
    run: (context, callback, ...args) => storage.run(context, callback, ...args),
  };
}

/** By a name that bundlers do not see: they look for the module, and warn that there is none. */
function importFrom(name: string): Promise<{ AsyncLocalStorage: StorageClass }> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}
