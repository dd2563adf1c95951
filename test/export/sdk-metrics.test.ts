import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TracerProvider } from '../../src/core/provider.ts';
import { SamplingDecision } from '../../src/core/sampler.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { metricsOf, type SdkMetric } from '../../src/export/sdk-metrics.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { startCollector } from '../oracle/collector.ts';
import { diagnosticLog } from './diagnostic-log.ts';

/** Finds a figure by its name and its distinguishing attributes. */
function valuesOf(metrics: readonly SdkMetric[], name: string, ...keys: string[]): Record<string, number> {
  const found = metrics.filter((metric) => metric.name === name);
  return Object.fromEntries(
    found.map(({ value, attributes }) => [keys.map((key) => attributes[key] ?? '').join(), value]),
  );
}

test('an exporter without a valid address has no address attributes', () => {
  const addressOf = (url: string) => {
    const exporter = { url, createBatch: () => ({ spanCount: 0, byteLength: 0, add() {} }), send: () => ({}) };
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
    const exported = metricsOf(provider).find(({ name }) => name === 'otel.sdk.exporter.span.exported');
    return [exported?.attributes['server.address'], exported?.attributes['server.port']];
  };
  assert.deepEqual(addressOf('collector'), [undefined, undefined]);
  assert.deepEqual(addressOf('http://[::1]:4318/'), ['::1', 4318]);
});

test('the figures of a tracer are those of the conventions', async (t) => {
  diagnosticLog(t);
  const collector = await startCollector({
    answer: ({ index }) =>
      [{}, { status: 400 }, { partialSuccess: { rejectedSpans: 1 } }, { fault: 'silence' as const }][index],
  });
  t.after(() => collector.close());
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }), { maxQueueSize: 5 });
  const memory = new InMemorySpanExporter();
  const decisions: Record<string, SamplingDecision> = {
    dropped: SamplingDecision.NOT_RECORD,
    recorded: SamplingDecision.RECORD,
  };
  const provider = new TracerProvider({
    sampler: {
      shouldSample: (_context, _traceId, name) => ({
        decision: decisions[name] ?? SamplingDecision.RECORD_AND_SAMPLED,
      }),
    },
    spanProcessors: [
      processor,
      { onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} },
      new SimpleSpanProcessor(memory),
    ],
  });
  const tracer = provider.getTracer('test');
  const end = (count: number, name = 'sampled') => {
    for (let n = 0; n < count; n++) tracer.startSpan(name).end();
  };
  const before = metricsOf(provider);
  assert.deepEqual(valuesOf(before, 'otel.sdk.span.live'), { '': 0 });
  assert.deepEqual(valuesOf(before, 'otel.sdk.span.started'), {});
  end(2);
  await processor.forceFlush();
  end(3);
  await processor.forceFlush();
  end(4);
  await processor.forceFlush();
  end(2);
  void processor.forceFlush();
  end(5);
  end(2, 'dropped');
  end(1, 'recorded');
  const open = tracer.startSpan('sampled');
  tracer.startSpan('sampled', {}, { getValue: () => open } as never);

  const metrics = metricsOf(provider);
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.span.live'), { '': 2 });
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.span.started', 'otel.span.sampling_result', 'otel.span.parent.origin'), {
    'DROP,none': 2,
    'RECORD_ONLY,none': 1,
    'RECORD_AND_SAMPLE,none': 17,
    'RECORD_AND_SAMPLE,local': 1,
  });
  const batching = 'batching_span_processor/0';
  const simple = 'simple_span_processor/2';
  const http = 'otlp_http_exporter/0';
  const names = ['otel.component.name', 'error.type'];
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.processor.span.processed', ...names), {
    [`${batching},`]: 11,
    [`${batching},queue_full`]: 2,
    [`${simple},`]: 16,
  });
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.processor.span.queue.size', 'otel.component.name'), {
    [batching]: 3,
    [simple]: 0,
  });
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.processor.span.queue.capacity', 'otel.component.type'), {
    batching_span_processor: 5,
    simple_span_processor: 65_536,
  });
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.exporter.span.inflight', 'otel.component.name'), {
    [http]: 2,
    'exporter/2': 0,
  });
  assert.deepEqual(valuesOf(metrics, 'otel.sdk.exporter.span.exported', ...names), {
    [`${http},`]: 5,
    [`${http},rejected`]: 1,
    [`${http},refused`]: 3,
    'exporter/2,': 16,
  });
  const [exported] = metrics.filter(({ name }) => name === 'otel.sdk.exporter.span.exported');
  assert.deepEqual(exported, {
    name: 'otel.sdk.exporter.span.exported',
    kind: 'counter',
    unit: '{span}',
    value: 5,
    attributes: {
      'otel.component.type': 'otlp_http_exporter',
      'otel.component.name': http,
      'server.address': '127.0.0.1',
      'server.port': collector.port,
    },
  });
  await processor.shutdown({ timeoutMillis: 0 });
  const after = metricsOf(provider);
  assert.equal(valuesOf(after, 'otel.sdk.processor.span.processed', 'error.type').already_shutdown, 3);
  assert.equal(valuesOf(after, 'otel.sdk.exporter.span.exported', ...names)[`${http},unknown`], 2);
});
