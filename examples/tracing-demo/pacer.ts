import { setTimeout as sleep } from 'node:timers/promises';

/** The time the pacer goes by; tests bring their own. */
export interface PacerClock {
  /** Milliseconds on a clock that is never set back. */
  now(): number;
  sleep(millis: number): Promise<unknown>;
}

const SYSTEM_CLOCK: PacerClock = { now: () => performance.now(), sleep: (millis) => sleep(millis) };

/**
 * Makes a pacer that hands out one item every `intervalMillis`, in order.
 *
 * Item n is due at start + n × interval. Waiting one interval after each item instead would add up every timer's
 * lateness, and a listener would run out of sound. An item that is late goes out at once, and the next is on time
 * again. Several calls continue one schedule; if it ran out of items in between, the next call starts a new one.
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
