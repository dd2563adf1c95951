import { builtin } from './node-builtin.ts';

export function readFile(path: string): Uint8Array {
  const fs = builtin('node:fs');
  if (fs === undefined)
    throw new Error('Node reads files at once from 20.16 on: set the certificates in code, as otlpTls');
  return fs.readFileSync(path);
}
