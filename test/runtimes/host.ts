import type { Ability, Fate, Input, Report } from '../conformance/case.ts';
import type { Inbox } from './inbox.ts';

/** The input for running a case on a host. */
export interface Job {
  /** The file name of the case. */
  readonly id: string;
  /** A project with the package, and with a copy of test/conformance/. */
  readonly folder: string;
  readonly input: Input;
  readonly variables: Readonly<Record<string, string>>;
  readonly fate: Fate | undefined;
  readonly inbox: Inbox;
}

/** The result of a run. */
export interface Ended {
  readonly report: Report;
  /** The output on stdout or the console. */
  readonly output: string;
  /** Called when the spans have arrived, or will certainly not arrive. */
  dispose?(): Promise<void>;
}

/** A runtime, used in a certain way: a column of the table. */
export interface Host {
  readonly title: string;
  readonly language: Input['language'];
  /** `process.runtime.name`; `undefined` if there is none. */
  readonly runtimeName?: string;
  /** The abilities that it lacks, with reasons. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
  /** Why it cannot be tried here; `undefined` if it can. */
  missing(): string | undefined;
  /**
   * Runs a case in its own process, isolate or page, and brings that, or the request, to its end.
   *
   * @throws Error if it does not end as expected.
   */
  run(job: Job): Promise<Ended>;
  /** Releases what its cases have shared. */
  close?(): Promise<void>;
}
