import { measure } from 'mitata';
import { moment, workMillisSince } from './clock.ts';

/**
 * Returns the nanoseconds that `calls` calls of `work` and one of `finish` take, divided by `divisor`. It is the mean
 * over `millis`, so that garbage collection counts. mitata calls the function, which itself reports how long it took.
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

/** Keeps results alive, so that no compiler eliminates the work. */
export const kept: { result: unknown } = { result: undefined };
