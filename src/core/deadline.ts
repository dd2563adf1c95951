import { unref } from '#platform';
import { LONGEST_TIMER } from './clock.ts';

/** A `setTimeout` that does not hold the process, for any number of milliseconds. */
export function later(callback: () => void, millis: number): unknown {
  const timer = setTimeout(callback, Math.min(millis, LONGEST_TIMER));
  unref(timer);
  return timer;
}

/**
 * What `promise` comes to, or `undefined` once `millis` are over: whoever waits for others' code must not hang.
 *
 * @param start - Starts the timer; that of default holds the process, since somebody waits for it.
 */
export function within<T>(
  millis: number,
  promise: T | PromiseLike<T>,
  start: typeof later = setTimeout,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = start(() => resolve(undefined), Math.min(Math.max(millis, 0), LONGEST_TIMER));
    Promise.resolve(promise)
      .finally(() => clearTimeout(timer as number))
      .then(resolve, reject);
  });
}

/** Rejects with the reason of `signal`, a turn of the loop after it: what listens to that itself can say what it knows. */
export function afterAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => setTimeout(reject, 0, signal.reason));
  });
  // Nobody may be waiting any more.
  aborted.catch(() => {});
  return aborted;
}
