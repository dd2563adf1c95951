import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { GrpcServer } from './grpc-server.ts';
import { type Measures, Producer, type ProducerOptions } from './producer.ts';

const MEBIBYTE = 1024 * 1024;
const MAX_QUEUE_BYTES = 4 * MEBIBYTE;
// Much longer than this package may block the event loop, since other processes may block the machine.
const MAX_BLOCK_MILLIS = 2_000;

async function started(t: TestContext, options: Omit<ProducerOptions, 'url' | 'isGrpc'> = {}) {
  const server = new GrpcServer();
  t.after(() => server.end());
  await server.listen();
  const producer = new Producer();
  t.after(() => producer.close());
  await producer.start({ url: server.url, isGrpc: true, ...options });
  return { server, producer };
}

/** Returns a producer's measurements, after checking that nothing went wrong in it. */
async function quiet(producer: Producer): Promise<Measures> {
  const measures = await producer.measure();
  assert.deepEqual(measures.problems, []);
  assert.ok(measures.loopMillis.max < MAX_BLOCK_MILLIS, JSON.stringify(measures.loopMillis));
  return measures;
}

describe('under load, over gRPC', { concurrency: true }, () => {
  test('a server that restarts every two seconds gets every span', async (t) => {
    const { server, producer } = await started(t);
    await producer.load(2_000);
    for (let restart = 0; restart < 2; restart++) {
      await delay(1_700);
      await server.close();
      await delay(300);
      await server.listen();
    }
    await producer.load(0);
    const { ended, acknowledged, unknown, dropped } = await producer.settle();
    assert.ok(ended > 2_000, `${ended} spans are too few to say anything`);
    assert.deepEqual([acknowledged, unknown, dropped], [ended, 0, {}]);
    const { received, problems, connections } = await server.report();
    assert.deepEqual([received, problems], [ended, []]);
    assert.ok(connections >= 3, `${connections} connections are fewer than there were starts`);
    await quiet(producer);
  });

  test('a server that is stopped and continued gets every span, and the counters are right', async (t) => {
    const { server, producer } = await started(t, { exporter: { timeoutMillis: 1_000 } });
    await producer.load(2_000);
    await delay(700);
    server.freeze();
    await delay(3_000);
    server.thaw();
    await delay(500);
    await producer.load(0);
    const { ended, acknowledged, unknown, dropped, pending } = await producer.settle();
    assert.deepEqual([acknowledged + unknown, dropped, pending], [ended, {}, 0]);
    assert.ok(ended > 2_000, `${ended} spans are too few to say anything`);
    const { received, problems } = await server.report();
    assert.deepEqual(problems, []);
    assert.ok(acknowledged <= received && received <= ended, `${received} of ${ended}, ${acknowledged} acknowledged`);
    await quiet(producer);
  });

  test('a server that is stopped for long costs no more memory than the limit of the queue', async (t) => {
    const { server, producer } = await started(t, {
      exporter: { timeoutMillis: 500 },
      processor: { maxQueueBytes: MAX_QUEUE_BYTES },
      textLength: 110,
    });
    const fresh = await producer.measure();
    await producer.load(10_000);
    await delay(1_500);
    const before = await producer.measure();
    server.freeze();
    await delay(4_000);
    const away = await producer.measure();
    const buffers = away.now.arrayBuffers - fresh.now.arrayBuffers;
    assert.ok(buffers < 2 * MAX_QUEUE_BYTES, `arrayBuffers grew by ${buffers}`);
    const rss = away.peak.rss - before.now.rss;
    assert.ok(rss < MAX_QUEUE_BYTES + 48 * MEBIBYTE, `rss grew by ${rss}`);
    server.thaw();
    await delay(500);
    await producer.load(0);
    const { ended, acknowledged, unknown, dropped } = await producer.settle();
    const { queue_full: lost = 0 } = dropped;
    assert.ok(lost > 0, 'the queue was full');
    assert.deepEqual([acknowledged + unknown, dropped], [ended - lost, { queue_full: lost }]);
    const { received, problems } = await server.report();
    assert.deepEqual(problems, []);
    assert.ok(acknowledged <= received && received <= acknowledged + unknown, `${received} received`);
    await quiet(producer);
  });

  test('a server that is gone costs hardly any CPU', async (t) => {
    const { server, producer } = await started(t);
    await producer.end(1_000);
    await producer.settle();
    await server.close();
    await producer.end(1_000);
    await producer.flush();
    await producer.measure();
    const before = await producer.cpuMillis();
    await delay(1_500);
    const spent = (await producer.cpuMillis()) - before;
    // A loop without pauses would take at least half of this time.
    assert.ok(spent < 300, `${spent} ms`);
    const { said } = await quiet(producer);
    assert.ok(Object.values(said).reduce((sum, count) => sum + count, 0) < 10, JSON.stringify(said));
    assert.equal((await producer.stats()).pending, 1_000);
  });
});
