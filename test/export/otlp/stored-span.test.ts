import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import type { ReadableSpan } from '../../../src/core/span.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { BufferPool } from '../../../src/export/otlp/buffer-pool.ts';
import { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { Recorder } from '../../core/recorder.ts';
import { startCollector } from '../../oracle/collector.ts';
import { type DecodedSpan, decodeRequest, flatten } from '../../oracle/otlp.ts';
import { spanDescriptions } from '../../oracle/span-description.ts';
import { describedSpans, expressible } from '../described-spans.ts';
import { requestBytes } from './request.ts';

function sent(spans: readonly ReadableSpan[]): DecodedSpan[] {
  const batch = new OtlpBatch(new BufferPool());
  for (const span of spans) batch.add(span);
  return flatten(decodeRequest(requestBytes([batch])));
}

describe('a span that does not store what it says of itself', () => {
  test('is sent as what it says', () => {
    fc.assert(
      fc.property(spanDescriptions({ loneSurrogates: true }), (descriptions) => {
        const spans = describedSpans(expressible(descriptions));
        assert.deepEqual(sent(spans.map((span) => Object.create(span))), sent(spans));
      }),
      { numRuns: 200 },
    );
  });

  test('may be a wrapper or a copy that says something else than the span', () => {
    const recorder = new Recorder();
    const parent = recorder.start('parent');
    recorder
      .start('login', { attributes: { password: 'hunter2' } }, trace.setSpan(ROOT_CONTEXT, parent) as never)
      .end();
    const [span] = recorder.ended;
    const attributes = { password: '***' };
    const wrappers: ReadableSpan[] = [
      Object.create(span, { attributes: { value: attributes } }),
      new Proxy(span, { get: (target, key) => (key === 'attributes' ? attributes : Reflect.get(target, key)) }),
      {
        name: span.name,
        kind: span.kind,
        spanContext: () => span.spanContext(),
        parentSpanContext: span.parentSpanContext,
        startTime: span.startTime,
        endTime: span.endTime,
        duration: span.duration,
        ended: true,
        status: span.status,
        attributes,
        events: [],
        links: [],
        resource: span.resource,
        instrumentationScope: span.instrumentationScope,
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
      },
    ];
    const [original] = sent([span]);
    for (const wrapper of wrappers) assert.deepEqual(sent([wrapper]), [{ ...original, attributes }]);
  });

  test('of another SDK keeps to the limits of that SDK', () => {
    const memory = new InMemorySpanExporter();
    const many = 200;
    const provider = new BasicTracerProvider({
      spanLimits: { attributeCountLimit: many, eventCountLimit: many },
      spanProcessors: [new SimpleSpanProcessor(memory)],
    });
    const span = provider.getTracer('scope').startSpan('span');
    for (let at = 0; at < many; at++) span.setAttribute(`key${at}`, at).addEvent(`event${at}`);
    span.end();
    const [{ attributes, events, droppedAttributesCount, droppedEventsCount }] = sent(
      memory.getFinishedSpans() as unknown as ReadableSpan[],
    );
    assert.deepEqual([Object.keys(attributes).length, events.length], [many, many]);
    assert.deepEqual([droppedAttributesCount, droppedEventsCount], [0, 0]);
  });

  test('may be one of the official SDK', async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    const memory = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'theirs' }),
      spanProcessors: [new SimpleSpanProcessor(memory)],
    });
    const tracer = provider.getTracer('scope', '1.0', { schemaUrl: 'https://schema' });
    const root = tracer.startSpan('root');
    const child = tracer.startSpan(
      'child',
      { kind: 2, attributes: { list: [1, 2] } },
      trace.setSpan(ROOT_CONTEXT, root),
    );
    child.addEvent('event', { key: 'value' }, 1_000).addLink({ context: root.spanContext() });
    child.setStatus({ code: 2, message: 'failed' }).end();
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: `${collector.url}/v1/traces` }));
    for (const span of memory.getFinishedSpans()) processor.onEnd(span);
    await processor.shutdown();
    assert.equal(processor.stats().acknowledged, 1);
    const [span] = collector.spans();
    assert.deepEqual(
      [span.name, span.kind, span.attributes, span.status, span.parentSpanId, span.scope.name, span.scope.schemaUrl],
      [
        'child',
        3,
        { list: [1n, 2n] },
        { code: 2, message: 'failed' },
        root.spanContext().spanId,
        'scope',
        'https://schema',
      ],
    );
    assert.deepEqual(
      [span.events[0].name, span.events[0].attributes, span.links[0].spanId, span.resource.attributes['service.name']],
      ['event', { key: 'value' }, root.spanContext().spanId, 'theirs'],
    );
  });

  test('is lost, and counted, where it is not a span', () => {
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: 'http://localhost:9' }));
    processor.onEnd({ flags: 1, spanContext: () => ({}) } as never);
    assert.deepEqual(processor.stats().dropped, { encode_failed: 1 });
  });
});
