import type { Compress } from './platform.ts';

/** Uses the Compression Streams API. edge-runtime lacks it, and its bundler would warn about the bare global name. */
export function createGzip(): Compress | undefined {
  const { CompressionStream: Gzip } = globalThis as { CompressionStream?: typeof CompressionStream };
  if (Gzip === undefined) return undefined;
  return async (bytes) => {
    const compressed = new Response(bytes).body?.pipeThrough(new Gzip('gzip'));
    return new Uint8Array(await new Response(compressed).arrayBuffer());
  };
}
