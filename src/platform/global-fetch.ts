import type { FetchLike } from '../export/otlp/http.ts';

/** The runtime's own `fetch`, looked up with every call, so that it may be replaced at any time. */
export function createGlobalFetch(): FetchLike {
  // As a method of the global object: on Workers, and in browsers, `fetch` on its own is an illegal invocation.
  return (url, init) => globalThis.fetch(url, init);
}
