import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface SoakArguments {
  /** How long all scenarios take together, about. Default: 10. */
  readonly minutes: number;
  /** Of what is drawn by lot. Default: another one each time. */
  readonly seed: number;
  /** Scenarios to run, with all of the time; all where it is empty. */
  readonly only: readonly string[];
}

/** @throws TypeError for an option that does not exist, RangeError for one that is no number. */
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
