import * as node from './node.ts';

// Bun speaks Node's interfaces; only its name, its version and its `fetch`, which is faster than its `node:http`, are its
// own.

export { createGlobalFetch as createFetch } from './global-fetch.ts';
export {
  type ContextStorage,
  constrained,
  createContextStorage,
  env,
  explanations,
  isUnsent,
  language,
  unref,
  watchProcessEnd,
  writeError,
  writeOut,
} from './node.ts';
export { fillRandom } from './web-random.ts';

export function processAttributes(): Record<string, string | number> {
  return {
    ...node.processAttributes(),
    'process.runtime.name': 'bun',
    'process.runtime.version': process.versions.bun as string,
  };
}
