import type { CheckedTls } from '../export/otlp/tls.ts';
import { createGlobalFetch } from './global-fetch.ts';
import * as node from './node.ts';
import type { PlatformFetch } from './platform.ts';

// Bun implements Node's interfaces. Its name, version and `fetch`, which is faster than its `node:http`, are its own.

export {
  type ContextStorage,
  checkedTls,
  constrained,
  createContextStorage,
  createGzip,
  detached,
  env,
  explanations,
  ioPerRequest,
  isEndWatched,
  isUnsent,
  language,
  loadGrpc,
  markUnsent,
  readFile,
  terminal,
  unref,
  watchProcessEnd,
  writeNotice,
  writeOut,
} from './node.ts';
export { fillRandom } from './web-random.ts';
export { utf8Length } from './web-text.ts';

export function processAttributes(): Record<string, string | number> {
  return {
    ...node.processAttributes(),
    'process.runtime.name': 'bun',
    'process.runtime.version': process.versions.bun as string,
  };
}

export function createFetch(_url: string, tls?: CheckedTls): PlatformFetch {
  const fetch = createGlobalFetch();
  return tls ? (url, init) => fetch(url, { ...init, tls } as typeof init) : fetch;
}
