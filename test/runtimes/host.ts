import type { Ability, Fate, Input, Report } from '../conformance/case.ts';
import type { Inbox } from './inbox.ts';

/** What a case is run with on a host. */
export interface Job {
  /** The name of the file of the case. */
  readonly id: string;
  /** The project that has the package, and a copy of test/conformance/. */
  readonly folder: string;
  readonly input: Input;
  readonly variables: Readonly<Record<string, string>>;
  readonly fate: Fate | undefined;
  readonly inbox: Inbox;
}

/** What became of it. */
export interface Ended {
  readonly report: Report;
  /** What was written to standard output, or to the console. */
  readonly output: string;
  /** Called when its spans have arrived, or it is clear that they will not. */
  dispose?(): Promise<void>;
}

/** A runtime, in one of the ways in which it is used: a column of the table. */
export interface Host {
  readonly title: string;
  readonly language: Input['language'];
  /** `process.runtime.name`; `undefined` where there is none. */
  readonly runtimeName?: string;
  /** What it cannot do, and why. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
  /** Why it cannot be tried here; `undefined` where it can. */
  missing(): string | undefined;
  /**
   * Runs a case in a process, an isolate or a page of its own, and brings that, or the request, to its end.
   *
   * @throws Error where it does not end as it should.
   */
  run(job: Job): Promise<Ended>;
  /** Ends what all its cases have used. */
  close?(): Promise<void>;
}
