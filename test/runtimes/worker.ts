import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programsFolder } from './runtime.ts';

/** The part of a Miniflare response that tests use. */
export interface WorkerResponse {
  readonly status: number;
  readonly webSocket?: WorkerSocket;
  json(): Promise<unknown>;
}

/** The client's end of a Worker's WebSocket. */
export interface WorkerSocket {
  accept(): void;
  send(message: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
  addEventListener(event: string, listener: (event: { data: unknown }) => void): void;
}

/** The part of Miniflare's types that is used. The real ones exist only if this folder is installed. */
export interface Worker {
  /** Its own address. Requests through `dispatchFetch` are handled by Miniflare first. */
  unsafeGetDirectURL(): Promise<URL>;
  dispatchFetch(url: string, init?: object): Promise<WorkerResponse>;
  /** Sends it events that no client can send. */
  getWorker(): Promise<{
    scheduled(event: object): Promise<unknown>;
    queue(queue: string, messages: readonly object[]): Promise<unknown>;
  }>;
  dispose(): Promise<void>;
}

export const { Miniflare, kCurrentWorker } = (await import('miniflare' as string)) as {
  Miniflare: new (options: object) => Worker;
  /** A Worker with a binding to itself. */
  kCurrentWorker: symbol;
};

/** The flags that determine `AsyncLocalStorage`. */
export const FLAGS: readonly (readonly string[])[] = [[], ['nodejs_als'], ['nodejs_compat']];

const modules = fileURLToPath(new URL('node_modules', import.meta.url));

/** Bundles a program of `programs/` like Wrangler, and starts it in workerd. `options` are passed to Miniflare. */
export async function startWorker(t: TestContext, program: string, options: object): Promise<Worker> {
  const folder = programsFolder();
  const { outputFiles } = await build({
    entryPoints: [`${folder}/${program}`],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:async_hooks', 'cloudflare:workers'],
    nodePaths: [modules],
    absWorkingDir: folder,
    write: false,
  });
  const worker = new Miniflare({
    modules: [{ type: 'ESModule', path: program, contents: outputFiles[0].text }],
    compatibilityDate: '2024-09-01',
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    // Miniflare reports each error of a handler, with its own stack.
    handleRuntimeStdio: (...streams: Readable[]) => streams.forEach((stream) => void stream.resume()),
    ...options,
  });
  t.after(() => worker.dispose());
  return worker;
}
