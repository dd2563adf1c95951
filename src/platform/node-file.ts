import { builtin } from './node-builtin.ts';

export function readFile(path: string): Uint8Array {
  const fs = builtin('node:fs');
  if (fs === undefined)
    throw new Error('reading certificate files needs Node 20.16 or later: set the certificates in code with otlpTls');
  return fs.readFileSync(path);
}
