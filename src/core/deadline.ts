import { detached, unref } from '#platform';
import { LONGEST_TIMER } from './clock.ts';

/** Works like `setTimeout`, takes any number of milliseconds, and does not keep the process alive. */
export function later(callback: () => void, millis: number): unknown {
  const timer = setTimeout(callback, Math.min(millis, LONGEST_TIMER));
  unref(timer);
  return timer;
}

/**
 * Does the same outside the caller's asynchronous context, so that it keeps nothing of the caller's alive. Returns
 * `undefined` where timers are forbidden, as in a Worker at module scope.
 */
export function background(callback: () => void, millis: number): unknown {
  try {
    return detached(() => later(callback, millis));
  } catch {
    return undefined;
  }
}

/**
 * Settles like `promise`, or resolves to `undefined` after `millis`: foreign code must not hang its caller.
 *
 * @param start - Starts the timer. The default keeps the process alive, because somebody waits for the result.
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

/**
 * Rejects with the reason of `signal`, one turn of the event loop later: code that listens to it may know more, and
 * settles first.
 */
export function afterAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => setTimeout(reject, 0, signal.reason));
  });
  // Nobody may be waiting for it any more.
  aborted.catch(() => {});
  return aborted;
}
