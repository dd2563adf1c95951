import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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

test('random spans in batches say the same as all at once', () => {
  fc.assert(
    fc.property(spanDescriptions({ loneSurrogates: true }), fc.integer({ min: 1, max: 5 }), (descriptions, size) => {
      const spans = describedSpans(expressible(descriptions));
      const batches: JsonBatch[] = [];
      for (const [at, span] of spans.entries()) {
        if (at % size === 0) batches.push(new JsonBatch());
        batches[batches.length - 1].add(span);
      }
      const body = new JsonEncoding()._body(batches);
      const sorted = (text: string) => flatten(decodeJsonRequest(text)).sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
      assert.deepEqual(sorted(new TextDecoder().decode(body)), sorted(requestJson(spans)));
      const bytes = batches.reduce((sum, { byteLength }) => sum + byteLength, 0);
      // What is counted is what is sent, but for what stands around it all.
      assert.ok(Math.abs(body.length - bytes) < 30, `${body.length}, counted ${bytes}`);
    }),
    { numRuns: 200 },
  );
});

describe('OTLP as JSON over HTTP', () => {
  test('says what it is, and arrives', async (t) => {
    const log = diagnosticLog(t);
    const { collector, processor } = await started();
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
    await collector.close();
  });

  test('is sent again, the same', async (t) => {
    diagnosticLog(t);
    const { collector, processor } = await started({ answer: ({ index }) => (index === 0 ? { status: 503 } : {}) });
    endedSpansInto(processor)(2);
    await hurried(processor);
    const [first, second] = collector.requests;
    assert.deepEqual(second.body, first.body);
    assert.equal(balanced(processor).acknowledged, 2);
    await collector.close();
  });

  test('reads of the answer what was rejected, and what is said', async (t) => {
    const log = diagnosticLog(t);
    const { collector, processor } = await started({
      answer: () => ({ partialSuccess: { rejectedSpans: 2, errorMessage: 'too old' } }),
    });
    endedSpansInto(processor)(5);
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 2 });
    assert.equal(balanced(processor).rejected, 2);
    assert.match(log[0].message, /"too old"/);
    await collector.close();
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
    test(`takes success with ${body || 'nothing'} for success`, async (t) => {
      const log = diagnosticLog(t);
      const { collector, processor } = await started({ answer: () => ({ body }) });
      endedSpansInto(processor)(5);
      assert.deepEqual(await processor.forceFlush(), { exported: 5, pending: 0, dropped: 0 });
      assert.deepEqual(log, []);
      await collector.close();
    });
  }

  test('cuts a span that is larger than a span may be, and says so', async (t) => {
    const log = diagnosticLog(t);
    const { collector, processor } = await started();
    endedSpansInto(processor)(1, { text: 'ä'.repeat(1_000_000), short: 'kept' });
    // No text of it is long.
    endedSpansInto(processor)(1, { list: Array(200_000).fill(1) });
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 0 });
    const [long, many] = collector.spans();
    assert.equal((long.attributes.text as string).length, 131_072);
    assert.equal(long.attributes.short, 'kept');
    assert.deepEqual([many.attributes, many.droppedAttributesCount], [{}, 1]);
    assert.deepEqual(
      log.map(({ code, message }) => [code, /\b2\b/.test(message)]),
      [['span_cut', true]],
    );
    await collector.close();
  });
});

test('two scopes in one batch are two in the request', async () => {
  const { collector, processor } = await started();
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
  await collector.close();
});

async function started(options?: CollectorOptions) {
  const collector = await startCollector(options);
  const exporter = new OtlpHttpExporter({ url: collector.endpoint, encoding: new JsonEncoding() });
  return { collector, processor: new BatchSpanProcessor(exporter) };
}
