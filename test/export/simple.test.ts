import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { startCollector } from '../oracle/collector.ts';
import { diagnosticLog } from './diagnostic-log.ts';
import { balanced, endedSpansInto } from './ended-spans.ts';

test('a span reaches the exporter synchronously when it ends', () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  const end = endedSpansInto(processor);
  for (let count = 1; count <= 3; count++) {
    end(1);
    assert.equal(exporter.getFinishedSpans().length, count);
    assert.equal(balanced(processor).acknowledged, count);
  }
});

test('each span is sent in its own request, one after the other', async (t) => {
  diagnosticLog(t);
  const collector = await startCollector({ answer: () => ({ delayMillis: 2 }) });
  t.after(() => collector.close());
  const processor = new SimpleSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }));
  const ids = endedSpansInto(processor)(5);
  assert.deepEqual(await processor.shutdown(), { exported: 5, pending: 0, dropped: 0 });
  assert.deepEqual(
    collector.requests.map(({ spans }) => spans.map(({ spanId }) => spanId)),
    ids.map((id) => [id]),
  );
  assert.equal(collector.peakConcurrency, 1);
});

test('an exporter that throws does not affect the application', (t) => {
  const log = diagnosticLog(t);
  const processor = new SimpleSpanProcessor({ export: () => assert.fail('no') });
  endedSpansInto(processor)(2);
  assert.deepEqual(balanced(processor).dropped, { export_failed: 2 });
  assert.equal(log.length, 1);
});
