import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { Producer } from './producer.ts';
import { faultTests } from './subject.ts';

const { servers } = faultTests();
const MEBIBYTE = 1024 * 1024;
const MAX_QUEUE_BYTES = 4 * MEBIBYTE;
// Makes a batch of 512 spans slightly larger than a power of two. Buffers grow to powers of two.
const WORST_TEXT_LENGTH = 110;
// Much longer than this package may block the event loop, since other processes may block the machine.
const MAX_BLOCK_MILLIS = 2_000;

describe('under load', { concurrency: true }, () => {
  test('a server that restarts every two seconds gets every span', async (t) => {
    const server = await servers.start();
    const producer = await started(t, { url: server.url });
    await producer.load(2_000);
    for (let restart = 0; restart < 2; restart++) {
      await delay(1_700);
      await server.close();
      await delay(300);
      await server.listen();
    }
    await producer.load(0);
    const { ended, acknowledged, unknown, dropped } = await producer.settle();
    assert.ok(ended > 2_000);
    assert.deepEqual([acknowledged, unknown, dropped], [ended, 0, {}]);
    const { received, repeated, peakConcurrency, problems } = await server.report();
    assert.deepEqual([received, repeated, peakConcurrency, problems], [ended, 0, 1, []]);
    await quiet(producer);
  });

  test('a server that is down for long costs no more memory than the limit of the queue', async (t) => {
    const server = await servers.start({ checkEvery: 20 });
    const options = { url: server.url, processor: { maxQueueBytes: MAX_QUEUE_BYTES } };
    const producer = await started(t, { ...options, textLength: WORST_TEXT_LENGTH });
    const fresh = await producer.measure();
    await producer.load(20_000);
    await delay(1_500);
    const before = await producer.measure();
    await server.close();
    await delay(2_500);
    const away = await producer.measure();
    // For buffers, compare what is alive. RSS also includes garbage that the next collection will free.
    const buffers = away.now.arrayBuffers - fresh.now.arrayBuffers;
    assert.ok(buffers < 1.5 * MAX_QUEUE_BYTES, `arrayBuffers grew by ${buffers}`);
    const rss = away.peak.rss - before.now.rss;
    assert.ok(rss < MAX_QUEUE_BYTES + 32 * MEBIBYTE, `rss grew by ${rss}`);
    await server.listen();
    await delay(500);
    await producer.load(0);
    const { ended, acknowledged, unknown, dropped } = await producer.settle();
    const { queue_full: lost = 0 } = dropped;
    assert.ok(lost > 0);
    assert.deepEqual([acknowledged, unknown, dropped], [ended - lost, 0, { queue_full: lost }]);
    const { received, repeated, problems } = await server.report();
    assert.deepEqual([received, repeated, problems], [acknowledged, 0, []]);
    // A request with a single batch releases the memory kept for a backlog.
    for (let round = 0; round < 2; round++) {
      await producer.end(10);
      await producer.flush();
    }
    const after = await quiet(producer);
    const kept = after.now.arrayBuffers - fresh.now.arrayBuffers;
    assert.ok(kept < 2 * MEBIBYTE, `${kept} bytes of arrayBuffers were kept`);
    for (const each of [before, away]) assert.deepEqual(each.problems, []);
  });

  test('a failing server costs hardly any CPU once the load is over', async (t) => {
    const producer = new Producer();
    t.after(() => producer.close());
    for (const fault of [undefined, { kind: 'answer', status: 503 }, { kind: 'break', at: 'connection' }] satisfies (
      | Fault
      | undefined
    )[]) {
      const server = await servers.start();
      await producer.start({ url: server.url });
      await producer.end(1_000);
      await producer.settle();
      if (fault === undefined) await server.close();
      else await server.turn(fault);
      await producer.end(1_000);
      await producer.flush();
      await producer.measure();
      const before = await producer.cpuMillis();
      await delay(1_500);
      const spent = (await producer.cpuMillis()) - before;
      // A loop without pauses would take at least half of this time.
      assert.ok(spent < 300, `${spent} ms for ${JSON.stringify(fault)}`);
      const { said } = await quiet(producer);
      assert.ok(Object.values(said).reduce((sum, count) => sum + count, 0) < 10, JSON.stringify(said));
      assert.equal((await producer.stats()).pending, 1_000);
    }
  });
});

async function started(t: TestContext, options: Parameters<Producer['start']>[0]): Promise<Producer> {
  const producer = new Producer();
  t.after(() => producer.close());
  await producer.start(options);
  return producer;
}

/** Returns a producer's measurements, after checking that nothing went wrong in it. */
async function quiet(producer: Producer) {
  const measures = await producer.measure();
  assert.deepEqual(measures.problems, []);
  assert.ok(measures.loopMillis.max < MAX_BLOCK_MILLIS, JSON.stringify(measures.loopMillis));
  return measures;
}
