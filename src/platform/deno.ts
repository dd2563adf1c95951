import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '../core/context.ts';
import type { CheckedTls } from '../export/otlp/tls.ts';
import type { ContextStorage } from './context-storage.ts';
import { createGlobalFetch } from './global-fetch.ts';
import type { PlatformFetch } from './platform.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export { loadGrpc } from './load-grpc.ts';
export { checkedTls } from './node-tls.ts';
export { detached } from './outside.ts';
export { isEndWatched, watchProcessEnd } from './process-end.ts';
export { isUnsent, markUnsent } from './unsent.ts';
export { createGzip } from './web-gzip.ts';
export { fillRandom } from './web-random.ts';
export { utf8Length } from './web-text.ts';
export type { ContextStorage };

export function createContextStorage(): ContextStorage {
  return new AsyncLocalStorage<Context>();
}

// What is used of the global `Deno`; its own declarations would come with the whole of it.
declare const Deno: {
  readonly pid: number;
  readonly version: { readonly deno: string };
  readonly build: { readonly arch: string; readonly os: string };
  readonly env: { get(name: string): string | undefined };
  readonly permissions: {
    querySync(permission: { name: string; variable?: string; kind?: string }): { state: string };
  };
  readonly stdout: { write(bytes: Uint8Array): Promise<number>; isTerminal(): boolean };
  consoleSize(): { columns: number };
  createHttpClient(options: { caCerts?: string[]; cert?: string; key?: string }): { close(): void };
  hostname(): string;
  readFileSync(path: string): Uint8Array;
  unrefTimer(timer: number): void;
};

const encoder = new TextEncoder();
// Bytes that are being written, at most about this: it is asked again only after some milliseconds.
const MAX_PENDING = 1024 * 1024;
let pending = 0;
let isClosed = false;
let written: Promise<unknown> | undefined;

export const language = 'nodejs';
export const constrained = false;
export const ioPerRequest = false;

export function env(name: string): string | undefined {
  return isGranted({ name: 'env', variable: name }) ? Deno.env.get(name) : undefined;
}

export function processAttributes(): Record<string, string | number> {
  return {
    'process.pid': Deno.pid,
    'process.runtime.name': 'deno',
    'process.runtime.version': Deno.version.deno,
    'host.arch': Deno.build.arch,
    ...(isGranted({ name: 'sys', kind: 'hostname' }) && { 'host.name': Deno.hostname() }),
  };
}

/** Its synchronous way waits for the reader, that of `node:process` included. */
export function writeOut(text: string): boolean | undefined {
  if (isClosed) return undefined;
  if (pending > (text === '' ? 0 : MAX_PENDING)) return false;
  if (text) {
    const bytes = encoder.encode(text);
    pending += bytes.length;
    // At once where it can be, since the process may be about to exit.
    const writing = written ? written.then(() => writeAll(bytes)) : writeAll(bytes);
    const own = writing.then(
      () => {
        pending -= bytes.length;
        if (written === own) written = undefined;
      },
      () => {
        isClosed = true;
      },
    );
    written = own;
  }
  return true;
}

export function terminal(): { isTerminal: boolean; columns: number | undefined; isWindows: boolean } {
  const isTerminal = Deno.stdout.isTerminal();
  return { isTerminal, columns: isTerminal ? columns() : undefined, isWindows: Deno.build.os === 'windows' };
}

function columns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    // A terminal that does not say.
    return undefined;
  }
}

export function writeError(line: string): void {
  console.error(line);
}

/** With a client of its own, where there are certificates for it; it keeps its connections until it is closed. */
export function createFetch(_url: string, tls?: CheckedTls): PlatformFetch {
  const fetch = createGlobalFetch();
  if (tls === undefined) return fetch;
  const { ca: caCerts, cert, key } = tls;
  const client = Deno.createHttpClient({ caCerts, cert, key });
  const send: PlatformFetch = (url, init) => fetch(url, { ...init, client } as typeof init);
  send.close = () => client.close();
  return send;
}

export function readFile(path: string): Uint8Array {
  return Deno.readFileSync(path);
}

export function unref(timer: unknown): void {
  // Deno's own timers are numbers, those of its Node interface objects.
  if (typeof timer === 'number') Deno.unrefTimer(timer);
  else (timer as { unref(): void }).unref();
}

/** Whether Deno was started with a permission. What it was started without throws, and at a terminal asks its user first. */
function isGranted(permission: Parameters<typeof Deno.permissions.querySync>[0]): boolean {
  return Deno.permissions.querySync(permission).state === 'granted';
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await Deno.stdout.write(bytes.subarray(at));
}
