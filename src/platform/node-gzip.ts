import { builtin } from './node-builtin.ts';
import type { Compress } from './platform.ts';

/** Compresses on Node's thread pool. The first call loads `node:zlib`. */
export function createGzip(): Compress | undefined {
  return async (bytes) => {
    const { gzip } = builtin('node:zlib') ?? (await import('node:zlib'));
    return new Promise((resolve, reject) => {
      gzip(bytes, (error, compressed) => {
        if (error) reject(error);
        else resolve(compressed as Uint8Array<ArrayBuffer>);
      });
    });
  };
}
