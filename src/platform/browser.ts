import { type ContextStorage, stackStorage } from './context-storage.ts';
import { createGlobalFetch } from './global-fetch.ts';
import type { Runtime } from './runtime.ts';

export type { ContextStorage };

/** None: see explanations.ts. */
export const explanations: Readonly<Record<string, string>> = {};

export function createContextStorage(): ContextStorage {
  return stackStorage();
}

/** A page or a web worker: no environment, no process, the console for output. */
export const runtime: Runtime = {
  name: 'browser',
  language: 'webjs',
  constrained: true,
  env: () => undefined,
  processAttributes: () => ({}),
  writeOut: (text) => {
    console.log(text.replace(/\n$/, ''));
  },
  createFetch: createGlobalFetch,
  // A page is not told why a request failed, lest it explore its user's network.
  isUnsent: () => false,
  unref: () => {},
};
