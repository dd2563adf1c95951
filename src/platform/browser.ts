import { type ContextStorage, stackStorage } from './context-storage.ts';
import type { Terminal } from './platform.ts';

// A page or a web worker: no environment, no process, the console for output.

export { createGlobalFetch as createFetch } from './global-fetch.ts';
export { createGzip } from './web-gzip.ts';
export { fillRandom } from './web-random.ts';
export { checkedTls } from './web-tls.ts';
export type { ContextStorage };

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
  throw new Error('this runtime reads no files');
}

/** What has several lines is a group of the console's, closed, with the first line as its title. */
export function writeOut(text: string, hasFailed?: boolean): void {
  const [title, ...lines] = text.replace(/\n$/, '').split('\n');
  if (lines.length === 0 || hasFailed === undefined) console.log(text.replace(/\n$/, ''));
  else {
    console.groupCollapsed('%c%s', `font: bold 1em monospace${hasFailed ? ';color:#d32f2f' : ''}`, title);
    console.log('%c%s', 'font: 1em monospace', lines.join('\n'));
    console.groupEnd();
  }
}

export function outDrained(): undefined {}

export function terminal(): Terminal {
  return { isTerminal: false };
}

export function writeError(line: string): void {
  console.error(line);
}

/** A page is not told why a request failed, lest it explore its user's network. */
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
