import { AsyncLocalStorage } from 'node:async_hooks';
import { arch, hostname } from 'node:os';
import type { Context } from '../core/context.ts';
import type { ContextStorage } from './context-storage.ts';
import { builtin } from './node-builtin.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export { createHttpFetch as createFetch } from './http-fetch.ts';
export { loadGrpc } from './load-grpc.ts';
export { readFile } from './node-file.ts';
export { createGzip } from './node-gzip.ts';
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

export function writeOut(text: string): void {
  // A pipe whose reader has gone, as after `| head -1`, is an error event, and without a listener the end of the
  // process.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
  process.stdout.write(text);
}

/** By way of the console a first line takes 2.2 ms, for it loads the console and a stream; so it takes 0.2 (Node 20). */
export function writeError(line: string): void {
  try {
    (builtin('node:fs') as typeof import('node:fs')).writeSync(2, `${line}\n`);
  } catch {
    // An old Node; or a pipe that is full, or has no reader any more: the console waits for the one and is silent about the other.
    console.error(line);
  }
}

export function unref(timer: unknown): void {
  (timer as NodeJS.Timeout).unref();
}
