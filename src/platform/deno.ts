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

// The part of the global `Deno` that is used here. Deno's own type declarations would bring in all of it.
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
// About how many bytes may be pending: enough for the milliseconds until the caller asks again.
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

/** Writes asynchronously, because synchronous writes, also those of `node:process`, wait for the reader. */
export function writeOut(text: string): boolean | undefined {
  if (isClosed) return undefined;
  if (pending > (text === '' ? 0 : MAX_PENDING)) return false;
  if (text) {
    const bytes = encoder.encode(text);
    pending += bytes.length;
    // Write immediately if nothing is pending, since the process may be about to exit.
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
    // The terminal does not tell its size.
    return undefined;
  }
}

export function writeNotice(line: string): void {
  console.error(line);
}

/** Uses an HTTP client of its own if there are certificates. That client keeps its connections until it is closed. */
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
  // Deno's own timers are numbers; those of its Node interface are objects.
  if (typeof timer === 'number') Deno.unrefTimer(timer);
  else (timer as { unref(): void }).unref();
}

/** True if Deno was started with a permission. Using a missing one throws, at a terminal after asking the user. */
function isGranted(permission: Parameters<typeof Deno.permissions.querySync>[0]): boolean {
  return Deno.permissions.querySync(permission).state === 'granted';
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await Deno.stdout.write(bytes.subarray(at));
}
