import { builtin } from './node-builtin.ts';

// The generator of the kernel, the one that seeds Node's.
const DEVICE = '/dev/urandom';

let isFirst = true;

/**
 * Fills `words` from the kernel the first time, and by Node's own generator from then on: to load that takes 2.6 ms of
 * the first span (Node 20), to read the device 0.1; but 4,096 words come from it in 4 µs and from the device in 60.
 */
export function fillRandom(words: Int32Array<ArrayBuffer>): void {
  if (isFirst) {
    isFirst = false;
    if (readDevice(words)) return;
  }
  const node = builtin('node:crypto');
  // The global one takes a millisecond more to load.
  if (node === undefined) crypto.getRandomValues(words);
  else node.randomFillSync(words);
}

/** False where there is no such device, or where it may not be read. */
function readDevice(words: Int32Array<ArrayBuffer>): boolean {
  const fs = builtin('node:fs');
  if (fs === undefined) return false;
  let file: number | undefined;
  try {
    file = fs.openSync(DEVICE, 'r');
    return fs.readSync(file, words) === words.byteLength;
  } catch {
    return false;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}
