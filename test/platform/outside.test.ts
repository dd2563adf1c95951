import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TracerProvider } from '../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchingExporter } from '../../src/export/exporter.ts';
import { ListBatch } from '../../src/export/list-batch.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { startCollector } from '../oracle/collector.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const requests = new AsyncLocalStorage<object>();

/** Returns the application's store of the request that ended a span, unless it has been garbage-collected. */
async function storeAfterExport(exporter: BatchingExporter, isBusy: boolean): Promise<object | undefined> {
  const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1, maxRequestBytes: 1 });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  const end = () => tracer.startSpan('span').end();
  const stored = (() => {
    const store = { request: 1 };
    requests.run(store, end);
    return new WeakRef(store);
  })();
  for (let round = 0; round < 50 && stored.deref() !== undefined; round++) {
    // With three spans, one export is always in flight.
    if (isBusy) for (let span = 0; span < 3; span++) end();
    await delay(10);
    gc();
  }
  const left = stored.deref();
  await processor.shutdown({ timeoutMillis: 0 });
  return left;
}

test('a connection does not retain the context of the request in which it was opened', async (t) => {
  const collector = await startCollector();
  t.after(() => collector.close());
  const exporter = new OtlpHttpExporter({ url: collector.endpoint });
  assert.equal(await storeAfterExport(exporter, false), undefined);
});

test('exports that follow each other without a pause do not retain it either', async () => {
  const exporter: BatchingExporter = {
    createBatch: () => new ListBatch(),
    async send(batches) {
      await delay(5);
      return { acknowledged: batches.length };
    },
  };
  assert.equal(await storeAfterExport(exporter, true), undefined);
});
