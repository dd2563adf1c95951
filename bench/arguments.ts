import { parseArgs } from 'node:util';

/** The parsed command line. */
export interface BenchArguments {
  /** Takes under two minutes, writes nothing, and fails if a case is far short of its target. */
  readonly quick: boolean;
  /** The cases to run; all if empty. */
  readonly only: readonly string[];
  readonly runtime: string | undefined;
}

/** @throws TypeError for an option that does not exist. */
export function benchArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      runtime: { type: 'string' },
    },
  });
  const { quick, only, runtime } = values;
  return { quick, only: only.flatMap((each) => each.split(',')), runtime };
}
