import { AsyncLocalStorage } from 'node:async_hooks';
import { arch, hostname } from 'node:os';
import type { Context } from '../core/context.ts';
import type { ContextStorage } from './context-storage.ts';
import { createHttpFetch } from './http-fetch.ts';
import type { Runtime } from './runtime.ts';
import { isUnsent } from './unsent.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export type { ContextStorage };

export function createContextStorage(): ContextStorage {
  return new AsyncLocalStorage<Context>();
}

export const runtime: Runtime = {
  name: 'node',
  language: 'nodejs',
  constrained: false,
  env: (name) => process.env[name],
  processAttributes: () => ({
    'process.pid': process.pid,
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'host.name': hostname(),
    'host.arch': arch(),
  }),
  writeOut: (text) => {
    // A pipe whose reader has gone, as after `| head -1`, is an error event, and without a listener the end of the
    // process.
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
    process.stdout.write(text);
  },
  createFetch: createHttpFetch,
  isUnsent,
  unref: (timer) => {
    (timer as NodeJS.Timeout).unref();
  },
};
