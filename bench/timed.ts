import { measure } from 'mitata';
import { moment, workMillisSince } from './clock.ts';

/**
 * Nanoseconds of `calls` calls of `work` and one of `finish`, divided by `divisor`: the mean over `millis`, so that
 * garbage collection counts. mitata drives, and is told by the function how long it took.
 */
export async function timed(
  work: () => unknown,
  finish: (() => unknown) | undefined,
  calls: number,
  divisor: number,
  millis: number,
): Promise<number> {
  const turn = async () => {
    const start = moment();
    for (let call = 0; call < calls; call++) kept.result = work();
    if (finish !== undefined) await finish();
    return workMillisSince(start) * 1e6;
  };
  const options = { manual: 'manual', min_cpu_time: millis * 1e6, min_samples: 20, max_samples: 100_000, gc: false };
  const { avg } = await measure(turn, options);
  return avg / divisor;
}

/** So that no compiler takes work for useless. */
export const kept: { result: unknown } = { result: undefined };
