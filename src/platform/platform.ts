import type { GrpcModule } from '../export/otlp/grpc.ts';
import type { FetchLike } from '../export/otlp/http.ts';
import type { CheckedTls, TlsOptions } from '../export/otlp/tls.ts';
import type { ContextStorage } from './context-storage.ts';
import type { ProcessEnd } from './process-end.ts';

/** What sends requests. */
export type PlatformFetch = FetchLike & {
  /** To be called when there will be no more requests. */
  close?(): void;
  /** True for one of the package's own: nobody puts one that traces in its place, and it takes a body in parts. */
  isOwnClient?: true;
};

/** What makes less of bytes. */
export type Compress = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * What the package asks of the runtime it is on. `node.ts`, `bun.ts`, `deno.ts`, `workerd.ts`, `browser.ts` and `default.ts`
 * answer for one each, by exports of these names, and the other files of this folder are their parts: what a program does not use of them is not in its bundle.
 */
export interface Platform {
  /** What a diagnostic means and what can be done about it, by code; see explanations.ts. */
  readonly explanations: Readonly<Record<string, string>>;
  /** `telemetry.sdk.language`: `nodejs` for server runtimes, `webjs` for browsers. */
  readonly language: 'nodejs' | 'webjs';
  /** True where memory is scarce (browsers, Workers, edge): queues hold an eighth there. */
  readonly constrained: boolean;
  /** True where I/O ends with the request that it belongs to, and its promises then never settle: Workers, edge. */
  readonly ioPerRequest: boolean;
  /** What carries the active context. */
  createContextStorage(): ContextStorage;
  /**
   * Calls what goes on after whoever calls now is done, outside of every asynchronous context where the runtime has such: timers
   * and connections would keep alive what a request of the application has stored there.
   */
  detached<R>(callback: () => R): R;
  /** An environment variable; `undefined` where it is unset or may not be read. Never throws. */
  env(name: string): string | undefined;
  /** Resource attributes of process and host, as far as they can be known. Never throws. */
  processAttributes(): Record<string, string | number | readonly string[]>;
  /**
   * Writes text to standard output, or to the console where there is none: all of it, sooner or later, or nothing. With an
   * empty text it says whether what it was given before has gone. Never throws, never waits.
   *
   * @returns False where it takes nothing now; `undefined` where it never will again.
   */
  writeOut(text: string): boolean | undefined;
  /** What standard output is; see export/terminal-style.ts. Never throws. */
  terminal(): { isTerminal: boolean; columns: number | undefined; isWindows: boolean };
  /** Writes a line to standard error, or to the console where there is none. Never throws. */
  writeError(line: string): void;
  /**
   * Fills `words` with random bits that nobody can foretell. May throw where a runtime has none yet: Workers at module
   * scope.
   */
  fillRandom(words: Int32Array<ArrayBuffer>): void;
  /**
   * The certificates as texts. What a PEM file must hold is looked for, as far as the runtime can: Node before 20.16 cannot.
   *
   * @param setting - What the options are called in messages.
   * @param user - What is to use them: a URL, or a fetch, which cannot.
   * @param names - What members are called there, where it is not `setting.member`.
   * @throws TypeError for what cannot be used, without the value, which may be a secret; for anything where the runtime has
   * no settings for TLS.
   */
  checkedTls(
    tls: TlsOptions,
    setting: string,
    user: string | object,
    names?: Readonly<Record<string, string>>,
  ): CheckedTls;
  /**
   * What requests to the server of `url` are sent with where the user brings no `fetch`. May load in advance what they
   * need. Never throws for certificates that are checked.
   */
  createFetch(url: string, tls?: CheckedTls): PlatformFetch;
  /** What compresses to gzip, without holding up the program where the runtime can do that; `undefined` where it cannot. */
  createGzip(): Compress | undefined;
  /** The content of a file. @throws Error where there is none, where it may not be read, or where files cannot be read. */
  readFile(path: string): Uint8Array;
  /** Bytes of a text as UTF-8, a lone surrogate counting as the three of U+FFFD. */
  utf8Length(text: string): number;
  /** Lets the process end although this timer is set. */
  unref(timer: unknown): void;
  /** True where an error of `fetch` says that the request has not been sent, so that it may be sent again. Never throws. */
  isUnsent(error: unknown): boolean;
  /** Remembers of an error that the request had not been sent when it came; returns it. */
  markUnsent<E extends object>(error: E): E;
  /** Loads the exporter over gRPC; `undefined` where there is no HTTP/2. */
  readonly loadGrpc: (() => Promise<GrpcModule>) | undefined;
  /** Sees to the end of the process; see process-end.ts. `undefined` where there is no such end. Never throws. */
  watchProcessEnd(end: ProcessEnd): (() => void) | undefined;
  /** True where something waits for what is on its way before the process ends, so that nothing else has to hold it. */
  isEndWatched(): boolean;
}
