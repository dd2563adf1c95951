import { type ContextStorage, stackStorage } from './context-storage.ts';
import { createGlobalFetch } from './global-fetch.ts';
import type { Runtime } from './runtime.ts';

export type { ContextStorage };

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
  unref: () => {},
};
