import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '../core/context.ts';
import type { ContextStorage } from './context-storage.ts';

export { EXPLANATIONS as explanations } from './explanations.ts';
export { createGlobalFetch as createFetch } from './global-fetch.ts';
export { watchProcessEnd } from './process-end.ts';
export { isUnsent } from './unsent.ts';
export { fillRandom } from './web-random.ts';
export type { ContextStorage };

export function createContextStorage(): ContextStorage {
  return new AsyncLocalStorage<Context>();
}

// What is used of the global `Deno`; its own declarations would come with the whole of it.
declare const Deno: {
  readonly pid: number;
  readonly version: { readonly deno: string };
  readonly build: { readonly arch: string };
  readonly env: { get(name: string): string | undefined };
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
  hostname(): string;
  unrefTimer(timer: number): void;
};

const encoder = new TextEncoder();
let written: Promise<unknown> = Promise.resolve();

export const language = 'nodejs';
export const constrained = false;

export function env(name: string): string | undefined {
  return permitted(() => Deno.env.get(name));
}

export function processAttributes(): Record<string, string | number> {
  const hostname = permitted(() => Deno.hostname());
  return {
    'process.pid': Deno.pid,
    'process.runtime.name': 'deno',
    'process.runtime.version': Deno.version.deno,
    'host.arch': Deno.build.arch,
    ...(hostname !== undefined && { 'host.name': hostname }),
  };
}

export function writeOut(text: string): void {
  written = written.then(() => writeAll(encoder.encode(text))).catch(() => {});
}

export function writeError(line: string): void {
  console.error(line);
}

export function unref(timer: unknown): void {
  // Deno's own timers are numbers, those of its Node interface objects.
  if (typeof timer === 'number') Deno.unrefTimer(timer);
  else (timer as { unref(): void }).unref();
}

/** What `read` gives, or nothing where Deno was started without the permission for it: there any read throws. */
function permitted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await Deno.stdout.write(bytes.subarray(at));
}
