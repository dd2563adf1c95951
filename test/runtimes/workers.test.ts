import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessorStats } from '../../src/export/span-counts.ts';
import { type Collector, type CollectorOptions, startCollector } from '../oracle/collector.ts';
import { FLAGS, startWorker } from './worker.ts';

for (const flags of FLAGS) {
  describe(`a Worker, ${flags[0] ?? 'without flags'},`, { concurrency: 2 }, () => {
    test('sends its spans in waitUntil, and in its own flush', async (t) => {
      const { collector, get } = await started(t, flags);
      await get('/wait?spans=1');
      await collector.received(1);
      assert.equal((await get('/flush?spans=2')).acknowledged, 3);
      assert.equal(collector.spans().length, 3);
    });

    test('is not blocked by the exports of an earlier request, which later ones retry', async (t) => {
      // The first request ends before its export is answered, and its I/O ends with it.
      const answer: CollectorOptions['answer'] = ({ index }) => ({ delayMillis: index === 0 ? 2_000 : 0 });
      const { collector, get } = await started(t, flags, { answer }, 500);
      assert.equal((await get('/?spans=4')).pending, 4);
      await delay(600);
      const { acknowledged, unknown, pending } = await get('/flush?spans=1');
      assert.deepEqual([acknowledged, unknown, pending], [5, 0, 0]);
      assert.equal(new Set(collector.spans().map(({ spanId }) => spanId)).size, 5);
    });

    test('flushes in two concurrent requests, and neither waits for the other', async (t) => {
      let release = () => {};
      const released = new Promise<undefined>((resolve) => {
        release = () => resolve(undefined);
      });
      const { collector, get } = await started(t, flags, {
        answer: ({ index }) => (index === 0 ? released : undefined),
      });
      const first = get('/flush?spans=1');
      await collector.received(1);
      assert.equal((await get('/flush?spans=1')).acknowledged, 1);
      release();
      assert.equal((await first).acknowledged, 2);
    });

    test('shuts down, whatever is in flight in another request', async (t) => {
      const { get } = await started(t, flags, { answer: ({ index }) => ({ delayMillis: index === 0 ? 2_000 : 0 }) });
      await get('/?spans=4');
      const { acknowledged, unknown, pending } = await get('/shutdown?spans=1');
      assert.deepEqual([acknowledged, unknown, pending], [1, 4, 0]);
    });

    test('keeps spans that no collector accepts for a later request', async (t) => {
      const { collector, get } = await started(t, flags, {
        answer: ({ index }) => (index < 2 ? { status: 503 } : undefined),
      });
      assert.equal((await get('/flush?spans=2')).pending, 2);
      assert.equal((await get('/flush?spans=1')).pending, 3);
      assert.equal((await get('/flush')).acknowledged, 3);
      assert.equal(collector.spans().length, 3);
    });
  });
}

interface Started {
  readonly collector: Collector;
  /** Returns the counters, with which a request to this path is answered. */
  get(path: string): Promise<ProcessorStats>;
}

async function started(
  t: TestContext,
  compatibilityFlags: readonly string[],
  options?: CollectorOptions,
  exportTimeoutMillis = 30_000,
): Promise<Started> {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  const bindings = { url: collector.endpoint, exportTimeoutMillis };
  const worker = await startWorker(t, 'worker.mjs', { compatibilityFlags, bindings });
  return {
    collector,
    async get(path) {
      const response = await worker.dispatchFetch(`http://worker${path}`);
      return (await response.json()) as ProcessorStats;
    },
  };
}
