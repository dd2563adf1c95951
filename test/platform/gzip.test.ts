import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createGzip as createNodeGzip } from '../../src/platform/node-gzip.ts';
import { createGzip as createWebGzip } from '../../src/platform/web-gzip.ts';

const text = new TextEncoder().encode('spans '.repeat(100_000)) as Uint8Array<ArrayBuffer>;

for (const [whose, createGzip] of [
  ['Node', createNodeGzip],
  ['the web', createWebGzip],
] as const) {
  describe(`gzip of ${whose}`, () => {
    const compress = createGzip();
    assert.ok(compress !== undefined);

    it('compresses bytes, which can be decompressed', async () => {
      const compressed = await compress(text);
      assert.ok(compressed instanceof Uint8Array && compressed.length < text.length / 50, String(compressed.length));
      assert.ok(gunzipSync(compressed).equals(text));
    });

    it('accepts a view of a larger buffer, and empty input', async () => {
      assert.equal(gunzipSync(await compress(text.subarray(6, 11))).toString(), 'spans');
      assert.equal(gunzipSync(await compress(new Uint8Array())).length, 0);
    });

    it('accepts several at a time', async () => {
      const parts = Array.from({ length: 8 }, (_, at) => text.subarray(0, at * 6));
      const compressed = await Promise.all(parts.map(compress));
      for (const [at, each] of compressed.entries()) assert.ok(gunzipSync(each).equals(parts[at]));
    });
  });
}

it('gzip is undefined if the runtime has none', (t) => {
  const { CompressionStream } = globalThis;
  t.after(() => Object.assign(globalThis, { CompressionStream }));
  Reflect.deleteProperty(globalThis, 'CompressionStream');
  assert.equal(createWebGzip(), undefined);
});
