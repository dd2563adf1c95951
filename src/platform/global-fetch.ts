import type { FetchLike } from '../export/otlp/http.ts';

/** Returns the runtime's own `fetch`. Every call looks it up anew, so that it can be replaced at any time. */
export function createGlobalFetch(): FetchLike {
  // Call it as a method of the global object: on Workers and in browsers, a detached `fetch` is an illegal invocation.
  return (url, init) => globalThis.fetch(url, init);
}
