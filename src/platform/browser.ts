import { type ContextStorage, detached, stackStorage } from './context-storage.ts';

// Pages and web workers: no environment, no process, and the console for output.

export { createGlobalFetch as createFetch } from './global-fetch.ts';
export { createGzip } from './web-gzip.ts';
export { fillRandom } from './web-random.ts';
export { utf8Length } from './web-text.ts';
export { checkedTls } from './web-tls.ts';
export { type ContextStorage, detached };

/** None: see explanations.ts. */
export const explanations: Readonly<Record<string, string>> = {};
export const language = 'webjs';
export const constrained = true;
export const ioPerRequest = false;

export function createContextStorage(): ContextStorage {
  return stackStorage();
}

export function env(): undefined {}

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

/** Browsers do not tell a page why a request failed, so that it cannot probe its user's network. */
export function isUnsent(): boolean {
  return false;
}

export function unref(): void {}

export function markUnsent<E>(error: E): E {
  return error;
}

export function watchProcessEnd(): undefined {}

export function isEndWatched(): boolean {
  return false;
}

export const loadGrpc = undefined;
