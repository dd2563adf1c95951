import { setTimeout as sleep } from 'node:timers/promises';

/** The clock that the pacer uses. Tests pass their own. */
export interface PacerClock {
  /** Returns milliseconds on a monotonic clock. */
  now(): number;
  sleep(millis: number): Promise<unknown>;
}

const SYSTEM_CLOCK: PacerClock = { now: () => performance.now(), sleep: (millis) => sleep(millis) };

/**
 * Creates a pacer that yields one item every `intervalMillis`, in order.
 *
 * Item n is due at start + n × interval. Waiting one interval after each item would instead add up the delays of all
 * timers, and a listener would run out of sound. A late item goes out at once, and the next one is on time again.
 * Several calls continue one schedule. If it ran out of items in between, the next call starts a new one.
 */
export function createPacer(intervalMillis: number, clock: PacerClock = SYSTEM_CLOCK) {
  let start = Number.NEGATIVE_INFINITY;
  let count = 0;

  return async function* pace<T>(items: Iterable<T>): AsyncGenerator<T> {
    if (clock.now() > start + count * intervalMillis) {
      start = clock.now();
      count = 0;
    }
    for (const item of items) {
      const wait = start + count * intervalMillis - clock.now();
      if (wait > 0) await clock.sleep(wait);
      count++;
      yield item;
    }
  };
}
