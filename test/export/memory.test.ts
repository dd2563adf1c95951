import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { endedSpansInto } from './ended-spans.ts';

test('spans are kept in the order in which they ended, until they are forgotten', () => {
  const exporter = new InMemorySpanExporter();
  const end = endedSpansInto(new SimpleSpanProcessor(exporter));
  const names = () => exporter.getFinishedSpans().map(({ name }) => name);
  end(3);
  assert.deepEqual(names(), ['span 0', 'span 1', 'span 2']);
  exporter.reset();
  assert.deepEqual(names(), []);
  end(1);
  assert.deepEqual(names(), ['span 3']);
});

test('the list that is handed out is the caller’s', () => {
  const exporter = new InMemorySpanExporter();
  const end = endedSpansInto(new SimpleSpanProcessor(exporter));
  end(1);
  const list = exporter.getFinishedSpans();
  end(1);
  list.pop();
  assert.equal(exporter.getFinishedSpans().length, 2);
  assert.equal(list.length, 0);
});

test('behind a batch processor spans are there as soon as a batch is full, and after a flush', async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 4 });
  const end = endedSpansInto(processor);
  end(3);
  assert.equal(exporter.getFinishedSpans().length, 0);
  end(2);
  assert.equal(exporter.getFinishedSpans().length, 4);
  assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
  assert.equal(exporter.getFinishedSpans().length, 5);
});

test('a shutdown forgets the spans', async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  endedSpansInto(processor)(2);
  await processor.shutdown();
  assert.deepEqual(exporter.getFinishedSpans(), []);
});
