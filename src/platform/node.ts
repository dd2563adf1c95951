import { AsyncLocalStorage } from 'node:async_hooks';
import { arch, hostname } from 'node:os';
import type { Context } from '../core/context.ts';
import type { ContextStorage } from './context-storage.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export { createHttpFetch as createFetch } from './http-fetch.ts';
export { isUnsent } from './unsent.ts';
export type { ContextStorage };

export function createContextStorage(): ContextStorage {
  return new AsyncLocalStorage<Context>();
}

export const language = 'nodejs';
export const constrained = false;

export function env(name: string): string | undefined {
  return process.env[name];
}

export function processAttributes(): Record<string, string | number> {
  return {
    'process.pid': process.pid,
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'host.name': hostname(),
    'host.arch': arch(),
  };
}

export function writeOut(text: string): void {
  // A pipe whose reader has gone, as after `| head -1`, is an error event, and without a listener the end of the
  // process.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
  process.stdout.write(text);
}

export function unref(timer: unknown): void {
  (timer as NodeJS.Timeout).unref();
}
