/** A point in time, in wall-clock and CPU time. */
export interface Moment {
  readonly wallMillis: number;
  readonly cpuMillis: number;
}

export function moment(): Moment {
  const { user, system } = process.cpuUsage();
  return { wallMillis: performance.now(), cpuMillis: (user + system) / 1_000 };
}

/**
 * Returns the milliseconds of work since a moment: the lesser of wall-clock and CPU time. Wall-clock time is too high
 * if another process had the core. CPU time counts all threads, so it is too high if garbage collection or compilation
 * ran in parallel.
 */
export function workMillisSince({ wallMillis, cpuMillis }: Moment): number {
  const now = moment();
  return Math.min(now.wallMillis - wallMillis, now.cpuMillis - cpuMillis);
}
