import type { Context } from '../core/context.ts';

/**
 * Carries the active context through the program. `AsyncLocalStorage` is one; where a runtime has none,
 * `stackStorage` is.
 */
export interface ContextStorage {
  /** True where there is no `AsyncLocalStorage`. */
  readonly isStack?: boolean;
  /** The active context; `undefined` outside of every `run`. */
  getStore(): Context | undefined;
  /** Calls `callback(...args)` with `context` active and returns its result. */
  run<A extends unknown[], R>(context: Context, callback: (...args: A) => R, ...args: A): R;
}

/** For runtimes on which nothing outlives what has begun it, or where contexts are not known. See platform.ts. */
export function detached<R>(callback: () => R): R {
  return callback();
}

/**
 * For runtimes without `AsyncLocalStorage`: the context holds for the synchronous part of the callback; after
 * an `await`, parents are given explicitly.
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
