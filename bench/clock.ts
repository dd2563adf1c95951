/** A moment, on the wall and on the processor. */
export interface Moment {
  readonly wallMillis: number;
  readonly cpuMillis: number;
}

export function moment(): Moment {
  const { user, system } = process.cpuUsage();
  return { wallMillis: performance.now(), cpuMillis: (user + system) / 1_000 };
}

/**
 * Milliseconds of work since a moment: the lesser of wall and CPU time. Wall time says too much where another process
 * had the core; CPU time, which is that of all threads, where garbage was collected or code compiled beside the work.
 */
export function workMillisSince({ wallMillis, cpuMillis }: Moment): number {
  const now = moment();
  return Math.min(now.wallMillis - wallMillis, now.cpuMillis - cpuMillis);
}
