import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { describe, it } from 'node:test';

let copies = 0;

/** Returns a copy of the function that has not been called yet. */
async function fresh(): Promise<(words: Int32Array<ArrayBuffer>) => void> {
  const { fillRandom } = await import(`../../src/platform/node-random.ts?${++copies}`);
  return fillRandom;
}

function assertRandom(words: Int32Array): void {
  // Among 1,000 words of 32 bits, the odds of more than three pairs are below 10^-16.
  assert.ok(new Set(words).size >= 997);
  assert.equal(
    words.reduce((all, word) => all | word, 0),
    -1,
  );
}

describe('random words on Node', () => {
  it('all differ, also between two calls', async () => {
    const fill = await fresh();
    const both = [new Int32Array(1_000), new Int32Array(1_000)];
    both.forEach(fill);
    both.forEach(assertRandom);
    assertRandom(new Int32Array([...both[0].subarray(500), ...both[1].subarray(500)]));
  });

  const broken: [what: string, method: 'openSync' | 'readSync', stand: (...args: never[]) => unknown][] = [
    ['there is no device', 'openSync', () => assert.fail('ENOENT')],
    ['the device may not be read', 'readSync', () => assert.fail('EACCES')],
    ['the device gives too little', 'readSync', (_file: number, words: Int32Array) => words.fill(0).length],
  ];
  for (const [what, method, stand] of broken) {
    it(`come from another source if ${what}`, async (t) => {
      const fill = await fresh();
      const words = new Int32Array(1_000);
      const { mock } = t.mock.method(fs, method, stand as never);
      fill(words);
      assert.equal(mock.callCount(), 1);
      mock.restore();
      assertRandom(words);
    });
  }

  it('come from the device once, and from Node afterwards', async (t) => {
    const fill = await fresh();
    const { mock } = t.mock.method(crypto, 'randomFillSync');
    for (const calls of [0, 1, 2]) {
      fill(new Int32Array(1));
      assert.equal(mock.callCount(), calls);
    }
  });
});
