import { unref } from '#platform';
import { LONGEST_TIMER } from './clock.ts';

/** Calls back after `millis`, unless the process has nothing else to do and ends. */
export function later(millis: number, callback: () => void): unknown {
  const timer = setTimeout(callback, Math.min(millis, LONGEST_TIMER));
  unref(timer);
  return timer;
}

/** What `promise` comes to, or `undefined` once `millis` are over: whoever waits for others' code must not hang. */
export function within<T>(millis: number, promise: T | PromiseLike<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    // Somebody waits for this: it holds the process.
    const timer = setTimeout(resolve, Math.min(millis, LONGEST_TIMER));
    Promise.resolve(promise)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}
