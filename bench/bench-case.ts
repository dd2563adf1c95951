import type { Figure } from './figure.ts';
import type { Lab } from './lab.ts';

/** What a case found out. */
export interface Measurement {
  readonly unit: 'ns' | 'bytes' | 'spans/s' | 'ms' | '% lost' | 'MiB';
  /** This package first, then the peers. */
  readonly figures: readonly Figure[];
  /** SDKs of another kind, which no score speaks of. */
  readonly beside?: readonly Figure[];
  /** What the target of the case speaks of: a ratio, a percentage, or the figure itself. */
  readonly score: number;
  /** What else is worth a line under the table. */
  readonly notes?: readonly string[];
}

/** A measurement with a target. */
export interface BenchCase {
  /** The key in `targets.ts`, and what `--only` takes. */
  readonly name: string;
  readonly what: string;
  /** True where the case runs on every runtime. */
  readonly everywhere: boolean;
  /** True where a quick run leaves it out. */
  readonly fullOnly?: boolean;
  measure(lab: Lab): Promise<Measurement>;
}
