import type { Compress } from './platform.ts';

/** By the Compression Streams API, which edge-runtime has not. */
export function createGzip(): Compress | undefined {
  if (typeof CompressionStream === 'undefined') return undefined;
  return async (bytes) => {
    const compressed = new Response(bytes).body?.pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(compressed).arrayBuffer());
  };
}
