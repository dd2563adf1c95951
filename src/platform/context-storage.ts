import type { Context } from '../core/context.ts';

/**
 * Carries the active context through the program. `AsyncLocalStorage` implements it, and `stackStorage` does for
 * runtimes that have none.
 */
export interface ContextStorage {
  /** True if there is no `AsyncLocalStorage`. */
  readonly isStack?: boolean;
  /** The active context; `undefined` outside of every `run`. */
  getStore(): Context | undefined;
  /** Calls `callback(...args)` with `context` active and returns its result. */
  run<A extends unknown[], R>(context: Context, callback: (...args: A) => R, ...args: A): R;
}

/** For runtimes where no work outlives its caller, or that have no asynchronous contexts. See platform.ts. */
export function detached<R>(callback: () => R): R {
  return callback();
}

/**
 * Creates storage for runtimes without `AsyncLocalStorage`. The context is active during the synchronous part of the
 * callback; after an `await`, pass parents explicitly.
 */
export function stackStorage(): ContextStorage {
  let active: Context | undefined;
  return {
    isStack: true,
    getStore: () => active,
    run(context, callback, ...args) {
      const before = active;
      active = context;
      try {
        return callback(...args);
      } finally {
        active = before;
      }
    },
  };
}
