import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGlobalFetch } from '../../src/platform/global-fetch.ts';

test('it is the global fetch at the time of the call, called as a method of the global object', async (t) => {
  const fetch = createGlobalFetch();
  const seen: unknown[] = [];
  const answer = new Response('answer');
  t.mock.method(globalThis, 'fetch', async function (this: unknown, ...args: unknown[]) {
    seen.push(this, ...args);
    return answer;
  });
  const { signal } = new AbortController();
  const init = { method: 'POST', headers: {}, body: new Uint8Array(1), redirect: 'manual', signal } as const;
  assert.equal(await fetch('http://127.0.0.1', init), answer);
  assert.deepEqual([seen[0] === globalThis, ...seen.slice(1)], [true, 'http://127.0.0.1', init]);
});
