import type { BesideName } from './beside.ts';
import type { ReadSpan } from './read-span.ts';
import type { Subject } from './subject.ts';

/** The timed work: `calls` calls of `work`, then one of `finish`. */
export interface MicroWork {
  work(): unknown;
  finish?(): Promise<Uint8Array> | Uint8Array;
}

/** A case that runs in one process for each subject, on any runtime, timed by mitata. */
export interface MicroCase {
  readonly name: string;
  readonly what: string;
  /** The paths of the subjects to run, this package first. Default: this package and OpenTelemetry JS. */
  readonly subjects?: readonly string[];
  /** The SDKs of another kind to show beside them. */
  readonly beside?: readonly BesideName[];
  readonly calls: number;
  /** The number by which figures are divided. */
  readonly spansPerCall: number;
  /** Sets up the work in the child. If nothing is encoded, it also asserts that the subject does the intended work. */
  start(subject: Subject): MicroWork;
  /** Asserts in the parent that `spans`, from two calls, are the intended ones. */
  check?(spans: readonly ReadSpan[]): void;
}
