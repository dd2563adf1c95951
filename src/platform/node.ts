import { AsyncLocalStorage } from 'node:async_hooks';
import { arch, hostname } from 'node:os';
import type { Context } from '../core/context.ts';
import type { ContextStorage } from './context-storage.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export { createHttpFetch as createFetch } from './http-fetch.ts';
export { loadGrpc } from './load-grpc.ts';
export { readFile } from './node-file.ts';
export { createGzip } from './node-gzip.ts';
export { outDrained, terminal, writeError, writeOut } from './node-out.ts';
export { fillRandom } from './node-random.ts';
export { checkedTls } from './node-tls.ts';
export { isEndWatched, watchProcessEnd } from './process-end.ts';
export { isUnsent, markUnsent } from './unsent.ts';
export type { ContextStorage };

export function createContextStorage(): ContextStorage {
  return new AsyncLocalStorage<Context>();
}

export const language = 'nodejs';
export const constrained = false;
export const ioPerRequest = false;

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

export function unref(timer: unknown): void {
  (timer as NodeJS.Timeout).unref();
}
