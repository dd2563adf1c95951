import type { BesideName } from './beside.ts';
import type { ReadSpan } from './read-span.ts';
import type { Subject } from './subject.ts';

/** What is timed: `calls` calls of `work`, then one of `finish`. */
export interface MicroWork {
  work(): unknown;
  finish?(): Promise<Uint8Array> | Uint8Array;
}

/** A case that runs in one process for each subject, on any runtime, timed by mitata. */
export interface MicroCase {
  readonly name: string;
  readonly what: string;
  /** Files of the subjects to run, this package's first. Default: those of this package and OpenTelemetry JS. */
  readonly subjects?: readonly string[];
  /** Who is shown beside them. */
  readonly beside?: readonly BesideName[];
  readonly calls: number;
  /** What a figure is divided by. */
  readonly spansPerCall: number;
  /** Sets the work up in the child. Asserts itself that it is the work that is meant where nothing is encoded. */
  start(subject: Subject): MicroWork;
  /** Asserts in the parent that `spans`, those of two calls, are the work. */
  check?(spans: readonly ReadSpan[]): void;
}
