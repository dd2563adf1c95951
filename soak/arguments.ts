import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** The parsed command line. */
export interface SoakArguments {
  /** The approximate duration of all scenarios together. Default: 10. */
  readonly minutes: number;
  /** The seed of all random numbers. Default: a different one each time. */
  readonly seed: number;
  /** The scenarios to run, which share all of the time; all scenarios if empty. */
  readonly only: readonly string[];
}

/** @throws TypeError for an option that does not exist, RangeError for one that is not a valid number. */
export function soakArguments(args: readonly string[]): SoakArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0 && minutes < Number.POSITIVE_INFINITY)) throw new RangeError(`--minutes ${values.minutes}`);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed ${values.seed}`);
  return { minutes, seed, only: values.only.flatMap((each) => each.split(',')) };
}
