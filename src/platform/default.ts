import type { Context } from '../core/context.ts';
import { type ContextStorage, detached, stackStorage } from './context-storage.ts';

// For runtimes without a file of their own here. Relies only on web standards.

export { EXPLANATIONS as explanations } from './explanations.ts';
export { createGlobalFetch as createFetch } from './global-fetch.ts';
export { isUnsent, markUnsent } from './unsent.ts';
export { createGzip } from './web-gzip.ts';
export { fillRandom } from './web-random.ts';
export { utf8Length } from './web-text.ts';
export { checkedTls } from './web-tls.ts';
export { type ContextStorage, detached };

export type StorageClass = new () => ContextStorage;

interface Globals {
  AsyncLocalStorage?: StorageClass;
  process?: {
    readonly env?: Record<string, string | undefined>;
    getBuiltinModule?(name: string): { AsyncLocalStorage?: StorageClass } | undefined;
  };
}

const globals = globalThis as Globals;

export const language = 'nodejs';
export const constrained = true;
export const ioPerRequest = true;

/** Uses `AsyncLocalStorage` if the host offers it, as a global or in a module, and the synchronous stack otherwise. */
export function createContextStorage(): ContextStorage {
  try {
    const Storage =
      globals.AsyncLocalStorage ?? globals.process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage;
    if (Storage !== undefined) return new Storage() as ContextStorage & { getStore(): Context | undefined };
  } catch {
    // The host has the name, but no working implementation.
  }
  return stackStorage();
}

export function env(name: string): string | undefined {
  try {
    return globals.process?.env?.[name];
  } catch {
    return undefined;
  }
}

export function processAttributes(): Record<string, string> {
  return {};
}

export function readFile(): never {
  throw new Error('this runtime cannot read files');
}

export function writeOut(text: string): true {
  // The console ends the line itself.
  if (text) console.log(text.replace(/\n$/, ''));
  return true;
}

/** Nothing is known about what displays the console. */
export function terminal(): { isTerminal: boolean; columns: undefined; isWindows: boolean } {
  return { isTerminal: false, columns: undefined, isWindows: false };
}

export function writeNotice(line: string): void {
  console.info(line);
}

export function unref(timer: unknown): void {
  // Timers that are numbers keep nothing alive.
  (timer as { unref?(): void }).unref?.();
}

export function watchProcessEnd(): undefined {}

export function isEndWatched(): boolean {
  return false;
}

/** No HTTP/2. */
export const loadGrpc = undefined;
