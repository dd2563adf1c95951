import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchArguments {
  /** Under two minutes, nothing is written, fails far below what is required. */
  readonly quick: boolean;
  /** Cases to run; all where it is empty. */
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
