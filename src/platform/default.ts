import type { Context } from '../core/context.ts';
import { type ContextStorage, stackStorage } from './context-storage.ts';
import { createGlobalFetch } from './global-fetch.ts';
import type { Runtime } from './runtime.ts';
import { isUnsent } from './unsent.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export type { ContextStorage };

type StorageClass = new () => ContextStorage;

interface Globals {
  AsyncLocalStorage?: StorageClass;
  process?: {
    readonly env?: Record<string, string | undefined>;
    getBuiltinModule?(name: string): { AsyncLocalStorage?: StorageClass } | undefined;
  };
}

const globals = globalThis as Globals;

/** `AsyncLocalStorage` where the host offers one, as a global or as a module; the synchronous stack elsewhere. */
export function createContextStorage(): ContextStorage {
  try {
    const Storage =
      globals.AsyncLocalStorage ?? globals.process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage;
    if (Storage !== undefined) return new Storage() as ContextStorage & { getStore(): Context | undefined };
  } catch {
    // A host that has the name and not the thing.
  }
  return stackStorage();
}

/** For runtimes that say nothing of themselves: only what the web's standards promise is used. */
export const runtime: Runtime = {
  name: 'unknown',
  language: 'nodejs',
  constrained: true,
  env(name) {
    try {
      return globals.process?.env?.[name];
    } catch {
      return undefined;
    }
  },
  processAttributes: () => ({}),
  writeOut: (text) => {
    // The console ends the line itself.
    console.log(text.replace(/\n$/, ''));
  },
  createFetch: createGlobalFetch,
  isUnsent,
  unref: (timer) => {
    // Where timers are numbers they hold nothing open.
    (timer as { unref?(): void }).unref?.();
  },
};
