import type { FetchLike } from '../export/otlp/http.ts';
import type { ContextStorage } from './context-storage.ts';
import type { ProcessEnd } from './process-end.ts';

/**
 * What the package asks of the runtime it is on. Each file of this folder answers for one, by exports of these names:
 * what a program does not use of them is not in its bundle.
 */
export interface Platform {
  /** What a diagnostic means and what can be done about it, by code; see explanations.ts. */
  readonly explanations: Readonly<Record<string, string>>;
  /** `telemetry.sdk.language`: `nodejs` for server runtimes, `webjs` for browsers. */
  readonly language: 'nodejs' | 'webjs';
  /** True where memory is scarce (browsers, Workers, edge): queues hold an eighth there. */
  readonly constrained: boolean;
  /** What carries the active context. */
  createContextStorage(): ContextStorage;
  /** An environment variable; `undefined` where it is unset or may not be read. Never throws. */
  env(name: string): string | undefined;
  /** Resource attributes of process and host, as far as they can be known. Never throws. */
  processAttributes(): Record<string, string | number | readonly string[]>;
  /** Writes text to standard output, or to the console where there is none. Never throws, never waits. */
  writeOut(text: string): void;
  /** Writes a line to standard error, or to the console where there is none. Never throws. */
  writeError(line: string): void;
  /**
   * Fills `words` with random bits that nobody can foretell. May throw where a runtime has none yet: Workers at module
   * scope.
   */
  fillRandom(words: Int32Array<ArrayBuffer>): void;
  /**
   * What requests to the server of `url` are sent with where the user brings no `fetch`. May load in advance what they
   * need. Never throws.
   */
  createFetch(url: string): FetchLike;
  /** Lets the process end although this timer is set. */
  unref(timer: unknown): void;
  /** True where an error of `fetch` says that the request has not been sent, so that it may be sent again. Never throws. */
  isUnsent(error: unknown): boolean;
  /** Sees to the end of the process; see process-end.ts. `undefined` where there is no such end. Never throws. */
  watchProcessEnd(end: ProcessEnd): (() => void) | undefined;
}
