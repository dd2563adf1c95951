import { LONGEST_TIMER } from './clock.ts';

/** What `promise` comes to, or `undefined` once `timeoutMillis` are over: whoever waits for others' code must not hang. */
export async function within<T>(timeoutMillis: number, promise: T | PromiseLike<T>): Promise<T | undefined> {
  let timer: unknown;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.min(timeoutMillis, LONGEST_TIMER));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer as number | undefined);
  }
}
