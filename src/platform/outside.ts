import { AsyncResource } from 'node:async_hooks';

// The asynchronous context in which the package is loaded, usually at program start, when nothing is stored in it.
const outside = /* @__PURE__ */ new AsyncResource('realtime-ai.trace', { requireManualDestroy: true });

/** See platform.ts. */
export function detached<R>(callback: () => R): R {
  return outside.runInAsyncScope(callback);
}
