import type { ContextStorage } from './context-storage.ts';
import { createContextStorage as createAtOnce, type StorageClass } from './default.ts';

// Cloudflare Workers and other hosts of workerd.

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
  writeNotice,
  writeOut,
} from './default.ts';
export type { ContextStorage };

/**
 * With the `nodejs_als` flag alone there is neither a global nor `process.getBuiltinModule`, and without the flag a
 * static import of the module would keep a Worker from starting. So it is imported dynamically, which is done before
 * the first request. A top-level await would exclude this file from scripts that are not modules, and from `require`.
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

/** Hides the name from bundlers, which would look for the module and warn that they cannot find it. */
function importFrom(name: string): Promise<{ AsyncLocalStorage: StorageClass }> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}
