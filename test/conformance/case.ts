import { type Config, initialize, shutdown } from '@realtime-ai/trace';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { expectEqual } from './expectation.ts';

/** An ability that some runtimes lack. */
export type Ability =
  /** Keeps the context across `await`, in timers and the like. */
  | 'async context'
  /** Has environment variables that programs may read. */
  | 'environment'
  /** Has a clock and random values while a module loads. */
  | 'early spans'
  | 'gzip'
  /** Speaks HTTP/2, and therefore gRPC. */
  | 'HTTP/2'
  /** Supports the syntax of `using`. */
  | 'using'
  /** Notifies a program of the end of its process, request or page. */
  | 'end'
  /** Has signals that end a process. */
  | 'signals'
  /** Ends a request's work when its client disconnects. */
  | 'cancellation';

/** Information for a program from the host that starts it, in `globalThis.conformance`. */
export interface Input {
  /** The base URL of the receiver. */
  readonly endpoint: string;
  /** The address of the same receiver for gRPC. */
  readonly grpcEndpoint: string;
  readonly lacks: readonly Ability[];
  /** What the resource must say about the runtime. */
  readonly language: 'nodejs' | 'webjs';
  readonly runtimeName: string | undefined;
}

/** What a case can use while it runs. */
export interface Surroundings extends Input {
  has(ability: Ability): boolean;
  /** Initializes with the exporter `otlp`, the receiver as its endpoint, and a handler that collects diagnostics. */
  initialize(config?: Config): void;
  /** Keeps the work of a request alive beyond its response. `undefined` if there are no requests. */
  waitUntil?(promise: Promise<unknown>): void;
}

/** A request as the receiver has decoded it. */
export interface ArrivedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly spans: readonly DecodedSpan[];
}

/** What a check can use after the program has ended. */
export interface Aftermath<Facts> {
  /** What `run` returned. */
  readonly facts: Facts;
  readonly input: Input;
  readonly requests: readonly ArrivedRequest[];
  /** The spans of all requests, in order of arrival. */
  readonly spans: readonly DecodedSpan[];
  /** The program's output on stdout or the console. */
  readonly output: string;
  /** When the program started and when its spans had arrived, by the receiver's clock: Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How a program ends if it does not run to its end. */
export type Fate = 'ended by a signal' | 'its first request is cancelled';

/**
 * A feature to try on each runtime. `run` runs there and imports only the package. `check` runs on the receiver's side,
 * after the program, the request or the page has ended.
 */
export interface Case<Facts = unknown> {
  /** The row's title in the table. */
  readonly title: string;
  /** The case is skipped on runtimes that lack one of these. */
  readonly needs?: readonly Ability[];
  /** The number of spans that must arrive. */
  readonly spans: number;
  /** Environment variables, for runtimes that have any. */
  variables?(endpoint: string, canBeRead: boolean): Record<string, string>;
  /** Default: the program runs to its end. */
  readonly fate?: Fate;
  run(surroundings: Surroundings): Facts | Promise<Facts>;
  check(aftermath: Aftermath<Facts>): void;
}

/** What a program reports at its end, as JSON. */
export interface Report {
  readonly facts?: unknown;
  /** Why it failed. */
  readonly error?: string;
  /** The package's diagnostics. */
  readonly diagnostics: readonly string[];
}

/** Infers the type of what `run` returns. */
export function defineCase<Facts>(definition: Case<Facts>): Case {
  return definition;
}

/** Returns the input that the host has left for this program. */
export function givenInput(): Input | undefined {
  return (globalThis as { conformance?: Input }).conformance;
}

/** Runs a case on this runtime. Never rejects. */
export async function runCase(testCase: Case, waitUntil?: Surroundings['waitUntil']): Promise<Report> {
  const diagnostics: string[] = [];
  try {
    const input = givenInput() as Input;
    const facts = await testCase.run({
      ...input,
      waitUntil,
      has: (ability) => !input.lacks.includes(ability),
      initialize: (config) => initializeFor(input, config, diagnostics),
    });
    return { facts, diagnostics };
  } catch (error) {
    return { error: `${error}\n${(error as Error | undefined)?.stack}`, diagnostics };
  }
}

/** Initializes in the way that suits most cases. */
export function initializeFor({ endpoint }: Input, config: Config = {}, diagnostics: string[] = []): void {
  initialize({
    exporterType: 'otlp',
    otlpEndpoint: endpoint,
    quiet: true,
    onDiagnostic: ({ message }) => diagnostics.push(message),
    ...config,
  });
}

/** Shuts down. All spans that ended since `initialize` and were not sent before must be sent. */
export async function shutDown(): Promise<void> {
  const { pending, dropped } = await shutdown();
  expectEqual({ pending, dropped }, { pending: 0, dropped: 0 }, 'the shutdown');
}
