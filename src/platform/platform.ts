import type { GrpcModule } from '../export/otlp/grpc.ts';
import type { FetchLike } from '../export/otlp/http.ts';
import type { CheckedTls, TlsOptions } from '../export/otlp/tls.ts';
import type { ContextStorage } from './context-storage.ts';
import type { ProcessEnd } from './process-end.ts';

/** Sends requests. */
export type PlatformFetch = FetchLike & {
  /** Call it when there will be no more requests. */
  close?(): void;
  /** True for the package's own client: no instrumentation can replace it, and it takes a body in parts. */
  isOwnClient?: true;
};

/** Compresses bytes. */
export type Compress = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * What the package needs from its runtime. `node.ts`, `bun.ts`, `deno.ts`, `workerd.ts`, `browser.ts` and `default.ts`
 * each implement it for one runtime, as exports of these names, so that bundlers tree-shake what a program does not
 * use. The other files in this folder are shared parts.
 */
export interface Platform {
  /** By code, what a diagnostic means and what can be done about it; see explanations.ts. */
  readonly explanations: Readonly<Record<string, string>>;
  /** `telemetry.sdk.language`: `nodejs` for server runtimes, `webjs` for browsers. */
  readonly language: 'nodejs' | 'webjs';
  /** True where memory is scarce (browsers, Workers, edge). Queues hold an eighth there. */
  readonly constrained: boolean;
  /** True where I/O ends with the request that it belongs to, and its promises then never settle (Workers, edge). */
  readonly ioPerRequest: boolean;
  /** Creates the storage that carries the active context. */
  createContextStorage(): ContextStorage;
  /**
   * Calls `callback` outside of every asynchronous context, if the runtime has these. It is for work that outlives its
   * caller: timers and connections would otherwise keep alive whatever the application stored in the caller's context.
   */
  detached<R>(callback: () => R): R;
  /** Returns an environment variable; `undefined` if it is unset or may not be read. Never throws. */
  env(name: string): string | undefined;
  /** Returns the resource attributes of process and host that can be determined. Never throws. */
  processAttributes(): Record<string, string | number | readonly string[]>;
  /**
   * Writes text to standard output, or to the console if there is none. It accepts either all of the text, perhaps to
   * be written later, or none of it. An empty text asks whether everything accepted before has been written. Never
   * throws, never waits.
   *
   * @returns False if it accepts nothing now; `undefined` if it never will again.
   */
  writeOut(text: string): boolean | undefined;
  /** Describes standard output; see export/terminal-style.ts. Never throws. */
  terminal(): { isTerminal: boolean; columns: number | undefined; isWindows: boolean };
  /** Writes a line that is not an error: to standard error, or to the console if there is none. Never throws. */
  writeNotice(line: string): void;
  /**
   * Fills `words` with unpredictable random bits. May throw where a runtime has none yet: on Workers at module scope.
   */
  fillRandom(words: Int32Array<ArrayBuffer>): void;
  /**
   * Validates certificates and key, and returns them as strings. Node before 20.16 cannot check their content.
   *
   * @param setting - The name of the options in messages.
   * @param user - What uses them: a URL, or a user's fetch, for which they are refused.
   * @param names - The names of members in messages, where they differ from `setting.member`.
   * @throws TypeError for unusable options, naming no values, since they may be secret; always if the runtime has no
   * settings for TLS.
   */
  checkedTls(
    tls: TlsOptions,
    setting: string,
    user: string | object,
    names?: Readonly<Record<string, string>>,
  ): CheckedTls;
  /**
   * Creates the client for requests to the server of `url`, used unless the user passes a `fetch`. May load modules in
   * advance. Never throws for certificates that have been checked.
   */
  createFetch(url: string, tls?: CheckedTls): PlatformFetch;
  /** Creates a gzip compressor, which does not block where the runtime allows; `undefined` if the runtime has none. */
  createGzip(): Compress | undefined;
  /** Reads a file. @throws Error if there is none, if it may not be read, or if the runtime cannot read files. */
  readFile(path: string): Uint8Array;
  /** Returns the length of a text in UTF-8 bytes. A lone surrogate counts as U+FFFD, three bytes. */
  utf8Length(text: string): number;
  /** Lets the process end although this timer is pending. */
  unref(timer: unknown): void;
  /** True if an error of `fetch` says that the request was not sent and may be retried. Never throws. */
  isUnsent(error: unknown): boolean;
  /** Marks an error as one that occurred before the request was sent, and returns it. */
  markUnsent<E extends object>(error: E): E;
  /** Loads the gRPC exporter; `undefined` if the runtime has no HTTP/2. */
  readonly loadGrpc: (() => Promise<GrpcModule>) | undefined;
  /** Watches for the end of the process; see process-end.ts. `undefined` if it cannot be watched. Never throws. */
  watchProcessEnd(end: ProcessEnd): (() => void) | undefined;
  /** True if a flush at the end of the process waits for requests in flight, so they need not keep it alive. */
  isEndWatched(): boolean;
}
