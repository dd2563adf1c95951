import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { TracerProvider } from '../../../src/core/provider.ts';
import type { Span } from '../../../src/core/span.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { requestJson } from '../../../src/export/otlp/json.ts';
import { JsonBatch } from '../../../src/export/otlp/json-batch.ts';
import { JsonEncoding } from '../../../src/export/otlp/json-encoding.ts';
import { type CollectorOptions, startCollector } from '../../oracle/collector.ts';
import { decodeJsonRequest, flatten } from '../../oracle/otlp.ts';
import { spanDescriptions } from '../../oracle/span-description.ts';
import { describedSpans, expressible } from '../described-spans.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

test('random spans in batches decode to the same as in one request', () => {
  fc.assert(
    fc.property(spanDescriptions({ loneSurrogates: true }), fc.integer({ min: 1, max: 5 }), (descriptions, size) => {
      const spans = describedSpans(expressible(descriptions));
      const batches: JsonBatch[] = [];
      for (const [at, span] of spans.entries()) {
        if (at % size === 0) batches.push(new JsonBatch());
        batches[batches.length - 1].add(span);
      }
      const body = Buffer.concat(new JsonEncoding()._body(batches));
      const sorted = (text: string) => flatten(decodeJsonRequest(text)).sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
      assert.deepEqual(sorted(new TextDecoder().decode(body)), sorted(requestJson(spans)));
      const bytes = batches.reduce((sum, { byteLength }) => sum + byteLength, 0);
      // The counted bytes are those sent, except for what encloses the batches.
      assert.ok(Math.abs(body.length - bytes) < 30, `${body.length}, counted ${bytes}`);
    }),
    { numRuns: 200 },
  );
});

describe('OTLP as JSON over HTTP', () => {
  test('has its content type, and arrives', async (t) => {
    const log = diagnosticLog(t);
    const { collector, processor } = await started(t);
    const ids = endedSpansInto(processor)(3, { text: 'grüße', list: [1, 2.5] });
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 0 });
    const [{ headers, spans, problem }] = collector.requests;
    assert.equal(problem, undefined);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(
      spans.map(({ spanId }) => spanId),
      ids,
    );
    assert.deepEqual(spans[0].attributes.text, 'grüße');
    assert.deepEqual(log, []);
  });

  test('is sent again unchanged', async (t) => {
    diagnosticLog(t);
    const { collector, processor } = await started(t, { answer: ({ index }) => (index === 0 ? { status: 503 } : {}) });
    endedSpansInto(processor)(2);
    await hurried(processor);
    const [first, second] = collector.requests;
    assert.deepEqual(second.body, first.body);
    assert.equal(balanced(processor).acknowledged, 2);
  });

  test('reads the rejected count and the message of the answer', async (t) => {
    const log = diagnosticLog(t);
    const { processor } = await started(t, {
      answer: () => ({ partialSuccess: { rejectedSpans: 2, errorMessage: 'too old' } }),
    });
    endedSpansInto(processor)(5);
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 2 });
    assert.equal(balanced(processor).rejected, 2);
    assert.match(log[0].message, /"too old"/);
  });

  for (const body of [
    '',
    'null',
    '[]',
    '{"partialSuccess":null}',
    '{"partialSuccess":{"rejectedSpans":-3}}',
    '{"par',
    '5',
  ]) {
    test(`accepts success with the body ${body || '(empty)'}`, async (t) => {
      const log = diagnosticLog(t);
      const { processor } = await started(t, { answer: () => ({ body }) });
      endedSpansInto(processor)(5);
      assert.deepEqual(await processor.forceFlush(), { exported: 5, pending: 0, dropped: 0 });
      assert.deepEqual(log, []);
    });
  }

  test('truncates an oversized span, and reports it', async (t) => {
    const log = diagnosticLog(t);
    const { collector, processor } = await started(t);
    endedSpansInto(processor)(1, { text: 'ä'.repeat(1_000_000), short: 'kept' });
    // A span without long strings.
    const spanLimits = { attributeCountLimit: 10_000 };
    const short = Object.fromEntries(Array.from({ length: 6_000 }, (_, at) => [`key ${at}`, 'x'.repeat(250)]));
    const provider = new TracerProvider({ spanLimits, spanProcessors: [processor] });
    provider.getTracer('other').startSpan('many', { attributes: short }).end();
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 0 });
    const [long, many] = collector.spans();
    assert.equal((long.attributes.text as string).length, 131_072);
    assert.equal(long.attributes.short, 'kept');
    assert.deepEqual([many.attributes, many.droppedAttributesCount], [{}, 6_000]);
    assert.deepEqual(
      log.map(({ code, message }) => [code, message.startsWith('span_cut: 2')]),
      [['span_cut', true]],
    );
  });
});

test('two scopes in one batch stay separate in the request', async (t) => {
  const { collector, processor } = await started(t);
  const provider = new TracerProvider({ spanProcessors: [processor], resource: { attributes: { where: 'here' } } });
  const spans: Span[] = ['a', 'b', 'a'].map((scope) => provider.getTracer(scope, '1').startSpan(`of ${scope}`));
  for (const span of spans) span.end();
  await processor.forceFlush();
  assert.deepEqual(
    collector.spans().map(({ name, scope, resource }) => [name, scope.name, resource.attributes.where]),
    [
      ['of a', 'a', 'here'],
      ['of a', 'a', 'here'],
      ['of b', 'b', 'here'],
    ],
  );
});

async function started(t: TestContext, options?: CollectorOptions) {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  const exporter = new OtlpHttpExporter({ url: collector.endpoint, encoding: new JsonEncoding() });
  return { collector, processor: new BatchSpanProcessor(exporter) };
}
