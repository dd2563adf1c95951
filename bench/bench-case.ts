import type { Figure } from './figure.ts';
import type { Lab } from './lab.ts';

/** The result of a case. */
export interface Measurement {
  readonly unit: 'ns' | 'bytes' | 'spans/s' | 'ms' | '% lost' | 'MiB';
  /** This package first, then the peers. */
  readonly figures: readonly Figure[];
  /** SDKs of another kind, which do not count in the score. */
  readonly beside?: readonly Figure[];
  /** The value to compare with the target of the case: a ratio, a percentage, or the figure itself. */
  readonly score: number;
  /** Further lines to print under the table. */
  readonly notes?: readonly string[];
}

/** A measurement with a target. */
export interface BenchCase {
  /** The key in `targets.ts`, and the name for `--only`. */
  readonly name: string;
  readonly what: string;
  /** True if the case runs on every runtime, not only on the Node that runs the suite. */
  readonly everywhere: boolean;
  /** True if a quick run skips it. */
  readonly fullOnly?: boolean;
  measure(lab: Lab): Promise<Measurement>;
}
