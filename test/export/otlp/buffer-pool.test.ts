import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool } from '../../../src/export/otlp/buffer-pool.ts';

const KIB = 1024;
const buffers = (count: number, length: number) => Array.from({ length: count }, () => new Uint8Array(length));

/** Empties a pool, and returns the buffers that it held. New buffers are recognized by their small size. */
function drained(pool: BufferPool, length: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (let next = pool.take(); next.length === length; next = pool.take()) taken.push(next);
  return taken;
}

test('a pool returns buffers that it was given, or small new ones', () => {
  const pool = new BufferPool();
  assert.equal(pool.take().length, KIB);
  const given = buffers(3, 2 * KIB);
  for (const each of given) pool.give(each);
  assert.deepEqual(new Set(drained(pool, 2 * KIB)), new Set(given));
  assert.equal(pool.take().length, KIB);
});

test('a pool keeps four of many once the backlog is over', () => {
  const pool = new BufferPool();
  for (const each of buffers(40, 128 * KIB)) pool.give(each);
  pool.trim();
  assert.equal(drained(pool, 128 * KIB).length, 4);
  pool.trim();
  assert.equal(pool.take().length, KIB);
});

test('a pool keeps 5 MiB, and keeps more once some of it has been taken', () => {
  const pool = new BufferPool();
  for (let round = 0; round < 3; round++) {
    for (const each of buffers(100, 512 * KIB)) pool.give(each);
    assert.equal(drained(pool, 512 * KIB).length, 10);
  }
});

test('a pool keeps no buffer of more than 512 KiB', () => {
  const pool = new BufferPool();
  pool.give(new Uint8Array(512 * KIB + 1));
  assert.equal(pool.take().length, KIB);
});
