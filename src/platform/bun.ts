import { createGlobalFetch } from './global-fetch.ts';
import * as node from './node.ts';
import type { Runtime } from './runtime.ts';

export { type ContextStorage, createContextStorage, explanations } from './node.ts';

/** Bun speaks Node's interfaces; only its name, its version and its `fetch` are its own. */
export const runtime: Runtime = {
  ...node.runtime,
  name: 'bun',
  processAttributes: () => ({
    ...node.runtime.processAttributes(),
    'process.runtime.name': 'bun',
    'process.runtime.version': process.versions.bun as string,
  }),
  // Built in, and faster than its `node:http`.
  createFetch: createGlobalFetch,
};
