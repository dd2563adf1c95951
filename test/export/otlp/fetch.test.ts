import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, fetch as undiciFetch } from 'undici';
import { TracerProvider } from '../../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { type FetchLike, OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { startCollector } from '../../oracle/collector.ts';

test('a fetch of the user’s own carries the requests, with an agent of its own', async () => {
  const collector = await startCollector();
  let connected = 0;
  const dispatcher = new Agent({ connections: 1 });
  dispatcher.on('connect', () => connected++);
  const fetch: FetchLike = (url, init) => undiciFetch(url, { ...init, dispatcher });
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint, fetch }));
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');

  tracer.startSpan('first').end();
  await processor.forceFlush();
  tracer.startSpan('second').end();
  const result = await processor.shutdown();

  assert.deepEqual(result, { exported: 1, pending: 0, dropped: 0 });
  assert.deepEqual(
    collector.spans().map(({ name }) => name),
    ['first', 'second'],
  );
  // The body of the first answer was read to its end: an unread one would have cost the connection.
  assert.equal(connected, 1);
  await dispatcher.close();
  await collector.close();
});
