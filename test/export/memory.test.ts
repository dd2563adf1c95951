import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan } from '../../src/core/span.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { endedSpansInto } from './ended-spans.ts';

test('spans are kept in the order in which they ended, until the exporter is reset', () => {
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

test('the returned list belongs to the caller', () => {
  const exporter = new InMemorySpanExporter();
  const end = endedSpansInto(new SimpleSpanProcessor(exporter));
  end(1);
  const list = exporter.getFinishedSpans();
  end(1);
  list.pop();
  assert.equal(exporter.getFinishedSpans().length, 2);
  assert.equal(list.length, 0);
});

test('behind a batch processor, spans are available when a batch is full, and after a flush', async () => {
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

test('a shutdown clears the spans', async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  endedSpansInto(processor)(2);
  await processor.shutdown();
  assert.deepEqual(exporter.getFinishedSpans(), []);
});

test('a span is plain data that can be printed and compared', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const link = provider.getTracer('other').startSpan('linked');
  const span = provider.getTracer('test', '1.0').startSpan('span', { links: [link], attributes: { key: ['a', 1] } });
  span.addEvent('event', { of: 1 }).recordException(new Error('gone'));
  span.end();
  const [finished] = exporter.getFinishedSpans();
  const { spanContext, traceId, spanId } = finished;
  assert.deepEqual(spanContext(), span.spanContext());
  assert.deepEqual([traceId, spanId], [spanContext().traceId, spanContext().spanId]);
  assert.deepEqual([finished.parentSpanId, finished.durationMillis < 1_000], [undefined, true]);
  // It has every member that other exporters use.
  const read = span as unknown as ReadableSpan;
  for (const [name, value] of Object.entries(finished)) {
    if (name in read && name !== 'spanContext') assert.deepEqual(value, read[name as keyof ReadableSpan], name);
  }
  const printed = JSON.parse(JSON.stringify(finished));
  assert.deepEqual(
    [printed.name, printed.attributes, printed.events[0].attributes],
    ['span', { key: ['a', 1] }, { of: 1 }],
  );
  assert.equal(printed.links[0].context.spanId, link.spanContext().spanId);
  assert.match(inspect(finished), /attributes: \{ key: \[ 'a', 1 \] \}/);
});
