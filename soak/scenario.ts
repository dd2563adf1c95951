import type { Stage } from './stage.ts';

/** One kind of fault, run for a given time. */
export interface Scenario {
  readonly name: string;
  /** What happens in it, for the table. */
  readonly what: string;
  /** Its share of the total time, relative to the other scenarios. */
  readonly share: number;
  /** Ends with {@link Stage.conclude}. Adds problems to the stage, or throws them. */
  run(stage: Stage, seconds: number): Promise<void>;
}
