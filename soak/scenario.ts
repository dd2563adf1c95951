import type { Stage } from './stage.ts';

/** One kind of trouble, for as long as it is given. */
export interface Scenario {
  readonly name: string;
  /** What happens in it, for the table. */
  readonly what: string;
  /** Of the time of all. */
  readonly share: number;
  /** Ends with {@link Stage.conclude}. What goes wrong is a problem of the stage's, or is thrown. */
  run(stage: Stage, seconds: number): Promise<void>;
}
