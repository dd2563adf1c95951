import { type Config, initialize, shutdown } from '@realtime-ai/trace';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { expectEqual } from './expectation.ts';

/** What some runtimes can do, and others cannot. */
export type Ability =
  /** Keeps the context across `await`, timers and the like. */
  | 'async context'
  /** Has environment variables, and lets them be read. */
  | 'environment'
  /** Has a clock and random values while a module loads. */
  | 'early spans'
  | 'gzip'
  /** Speaks HTTP/2, and so gRPC. */
  | 'HTTP/2'
  /** Knows the syntax of `using`. */
  | 'using'
  /** Tells a program that it, its request or its page is over. */
  | 'end'
  /** Has signals that end a process. */
  | 'signals'
  /** Ends what a request has begun when its client goes. */
  | 'cancellation';

/** What a program is told by those who start it: they leave it at `globalThis.conformance`. */
export interface Input {
  /** The base URL of the receiver. */
  readonly endpoint: string;
  /** That of the same receiver, over gRPC. */
  readonly grpcEndpoint: string;
  readonly lacks: readonly Ability[];
  /** What the resource is to say of the runtime. */
  readonly language: 'nodejs' | 'webjs';
  readonly runtimeName: string | undefined;
}

/** What a case has to do with while it runs. */
export interface Surroundings extends Input {
  has(ability: Ability): boolean;
  /** Initializes with the exporter `otlp`, the receiver as its endpoint, and a handler that notes what goes wrong. */
  initialize(config?: Config): void;
  /** Keeps what a request has begun beyond its answer, where there are requests. */
  waitUntil?(promise: Promise<unknown>): void;
}

/** A request as the receiver has read it. */
export interface ArrivedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly spans: readonly DecodedSpan[];
}

/** What there is to check when a program is over. */
export interface Aftermath<Facts> {
  /** What `run` has returned. */
  readonly facts: Facts;
  readonly input: Input;
  readonly requests: readonly ArrivedRequest[];
  /** Those of all requests, in order of arrival. */
  readonly spans: readonly DecodedSpan[];
  /** What the program has written to its standard output, or to its console. */
  readonly output: string;
  /** When the program was started and when its spans were there, by the clock of the receiver: Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How a program ends that does not run to its end. */
export type Fate = 'ended by a signal' | 'its first request is cancelled';

/**
 * Something that the package does, tried on each runtime. `run` runs there and imports nothing but the package; `check`
 * runs where the receiver is, after the program, the request or the page has come to its end.
 */
export interface Case<Facts = unknown> {
  /** As the table says it. */
  readonly title: string;
  /** It is skipped where one of these is lacking. */
  readonly needs?: readonly Ability[];
  /** How many spans are to arrive. */
  readonly spans: number;
  /** Environment variables, where there are any. */
  variables?(endpoint: string, canBeRead: boolean): Record<string, string>;
  /** Default: the program runs to its end. */
  readonly fate?: Fate;
  run(surroundings: Surroundings): Facts | Promise<Facts>;
  check(aftermath: Aftermath<Facts>): void;
}

/** What a program says at its end, as JSON. */
export interface Report {
  readonly facts?: unknown;
  /** Why it failed. */
  readonly error?: string;
  /** What the package has complained of. */
  readonly diagnostics: readonly string[];
}

/** Lets TypeScript find out what `run` returns. */
export function defineCase<Facts>(definition: Case<Facts>): Case {
  return definition;
}

/** What those who started this program have left for it. */
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

/** Initializes as all cases do that have no reason to do otherwise. */
export function initializeFor({ endpoint }: Input, config: Config = {}, diagnostics: string[] = []): void {
  initialize({
    exporterType: 'otlp',
    otlpEndpoint: endpoint,
    quiet: true,
    onDiagnostic: ({ message }) => diagnostics.push(message),
    ...config,
  });
}

/** Shuts down; all that ended since `initialize`, and was not sent before, has to leave. */
export async function shutDown(): Promise<void> {
  const { pending, dropped } = await shutdown();
  expectEqual({ pending, dropped }, { pending: 0, dropped: 0 }, 'the shutdown');
}
