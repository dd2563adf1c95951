import { AsyncResource } from 'node:async_hooks';

// As it is where the package is loaded: when the program begins, as a rule, and nothing is stored.
const outside = /* @__PURE__ */ new AsyncResource('realtime-ai.trace', { requireManualDestroy: true });

/** See platform.ts. */
export function detached<R>(callback: () => R): R {
  return outside.runInAsyncScope(callback);
}
