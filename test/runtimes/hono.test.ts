import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Collector, startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { FLAGS, startWorker } from './worker.ts';

for (const flags of FLAGS) {
  describe(`a traced Hono app on Workers, ${flags[0] ?? 'without flags'},`, { concurrency: 2 }, () => {
    test('has its routes, its environment and its context', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/users/5');
      assert.deepEqual(await response.json(), { id: '5', name: 'a-name', waits: 'function' });
      assert.equal((await get('/nowhere')).status, 404);
      const [work, span, missing] = await spansOf(collector, 3);
      assert.deepEqual([span.name, span.attributes['http.route']], ['GET /users/:id', '/users/:id']);
      assert.equal(work.parentSpanId, span.spanId);
      assert.equal(missing.attributes['http.response.status_code'], 404n);
    });

    test('streams', async (t) => {
      const { collector, get } = await started(t, flags);
      assert.equal(await (await get('/stream')).text(), 'piece;piece;piece;');
      const [span] = await spansOf(collector, 1);
      assert.ok(span.endTimeUnixNano - span.startTimeUnixNano >= 50_000_000n, 'the span ended before its body');
    });

    test('answers errors itself', async (t) => {
      const { collector, get } = await started(t, flags);
      assert.equal((await get('/fail')).status, 500);
      const [{ attributes }] = await spansOf(collector, 1);
      assert.deepEqual([attributes['http.response.status_code'], attributes['error.type']], [500n, '500']);
    });
  });
}

async function started(t: TestContext, compatibilityFlags: readonly string[]) {
  const collector = await startCollector();
  t.after(() => collector.close());
  const bindings = { TRACE_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, NAME: 'a-name' };
  const worker = await startWorker(t, 'hono.mjs', { compatibilityFlags, bindings });
  const url = await worker.unsafeGetDirectURL();
  return { collector, get: (path: string) => fetch(new URL(path, url)) };
}

/** Returns the spans, once this many have arrived. */
async function spansOf(collector: Collector, count: number): Promise<DecodedSpan[]> {
  while (collector.spans().length < count) await delay(10);
  return collector.spans();
}
