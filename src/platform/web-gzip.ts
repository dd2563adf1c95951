import type { Compress } from './platform.ts';

/** By the Compression Streams API, which edge-runtime has not; its bundler warns of the bare name. */
export function createGzip(): Compress | undefined {
  const { CompressionStream: Gzip } = globalThis as { CompressionStream?: typeof CompressionStream };
  if (Gzip === undefined) return undefined;
  return async (bytes) => {
    const compressed = new Response(bytes).body?.pipeThrough(new Gzip('gzip'));
    return new Uint8Array(await new Response(compressed).arrayBuffer());
  };
}
