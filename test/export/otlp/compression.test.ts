import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { startCollector } from '../../oracle/collector.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

test('requests are compressed if that is set, and contain the same spans', async (t) => {
  const log = diagnosticLog(t);
  const collector = await startCollector();
  t.after(() => collector.close());
  const ids: string[] = [];
  for (const compression of ['gzip', 'none', undefined] as const) {
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint, compression }));
    ids.push(...endedSpansInto(processor)(200, { 'llm.model': 'gemini-2.0-flash' }));
    assert.deepEqual(await processor.shutdown(), { exported: 200, pending: 0, dropped: 0 });
  }
  const [gzip, ...others] = collector.requests;
  assert.deepEqual(
    [gzip.headers['content-encoding'], gzip.headers['content-type']],
    ['gzip', 'application/x-protobuf'],
  );
  assert.equal(gzip.headers['content-length'], String(gzip.body.length));
  assert.ok(gzip.body.length < gzip.content.length / 2, `${gzip.body.length} of ${gzip.content.length}`);
  for (const { headers, body, content } of others) {
    assert.equal(headers['content-encoding'], undefined);
    assert.deepEqual(body, content);
  }
  assert.deepEqual(
    collector.spans().map(({ spanId }) => spanId),
    ids,
  );
  assert.deepEqual(log, []);
});

test('a request that is sent again is compressed again', async (t) => {
  diagnosticLog(t);
  const collector = await startCollector({ answer: ({ index }) => (index < 2 ? { status: 503 } : undefined) });
  t.after(() => collector.close());
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint, compression: 'gzip' }));
  endedSpansInto(processor)(3);
  assert.deepEqual(await hurried(processor), { exported: 3, pending: 0, dropped: 0 });
  const [first, ...others] = collector.requests;
  assert.equal(others.length, 2);
  for (const { body } of others) assert.deepEqual(gunzipSync(body), gunzipSync(first.body));
  assert.equal(balanced(processor).acknowledged, 3);
});

test('requests that cannot wait are sent uncompressed, before the call returns', async (t) => {
  const collector = await startCollector();
  t.after(() => collector.close());
  let asked = 0;
  const exporter = new OtlpHttpExporter({
    url: collector.endpoint,
    compression: 'gzip',
    fetch(url, init) {
      asked++;
      return fetch(url, init);
    },
  });
  const processor = new BatchSpanProcessor(exporter);
  const ids = endedSpansInto(processor)(3);
  const flushed = processor.forceFlush({ _firstRequestBytes: 1_000 });
  assert.equal(asked, 1);
  assert.deepEqual(await flushed, { exported: 3, pending: 0, dropped: 0 });
  const [{ headers, spans }] = collector.requests;
  assert.equal(headers['content-encoding'], undefined);
  assert.deepEqual(
    spans.map(({ spanId }) => spanId),
    ids,
  );
});
