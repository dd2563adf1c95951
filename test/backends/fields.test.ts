import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AttributeValue } from '../../src/core/attributes.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { describedSpans } from '../export/described-spans.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { balanced } from '../export/ended-spans.ts';
import type { DecodedSpan, PlainValue } from '../oracle/otlp.ts';
import { expectedSpan } from '../oracle/span-description.ts';
import { skipWithout } from './backend.ts';
import { startCollector } from './collector.ts';
import { exporterFor, PROTOCOLS } from './protocol.ts';
import { sampleSpans } from './sample-spans.ts';

const described = sampleSpans(150);

const VALUES: [what: string, value: AttributeValue, PlainValue][] = [
  ['an empty text', '', ''],
  ['a text of all planes', 'a é € 😀 \u0000 \uffff', 'a é € 😀 \u0000 \uffff'],
  ['a long text', 'ü'.repeat(100_000), 'ü'.repeat(100_000)],
  ['true', true, true],
  ['false', false, false],
  ['zero', 0, 0n],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER, BigInt(Number.MAX_SAFE_INTEGER)],
  ['the largest int64', 2n ** 63n - 1n, 2n ** 63n - 1n],
  ['the smallest int64', -(2n ** 63n), -(2n ** 63n)],
  ['a double', 0.1, 0.1],
  ['the largest double', Number.MAX_VALUE, Number.MAX_VALUE],
  ['the smallest double', Number.MIN_VALUE, Number.MIN_VALUE],
  ['NaN', Number.NaN, Number.NaN],
  ['infinity', Infinity, Infinity],
  ['minus infinity', -Infinity, -Infinity],
  ['bytes', new Uint8Array([0, 127, 128, 255]), new Uint8Array([0, 127, 128, 255])],
  ['no bytes', new Uint8Array(), new Uint8Array()],
  ['an array of one kind', [1, 2, 3], [1n, 2n, 3n]],
  ['an array of several kinds', ['a', 1, 0.5, true, null, [2n]], ['a', 1n, 0.5, true, null, [2n]]],
  ['an empty array', [], []],
  ['a map', { a: 1, b: { c: ['d', { e: false }] } }, { a: 1n, b: { c: ['d', { e: false }] } }],
  ['an empty map', {}, {}],
  ['a map that is 20 levels deep', nested<AttributeValue>(20, 'leaf'), nested<PlainValue>(20, 'leaf')],
];

describe('every field', { skip: skipWithout('collector') }, () => {
  for (const protocol of PROTOCOLS) {
    for (const compression of ['none', 'gzip'] as const) {
      test(`over ${protocol}${compression === 'gzip' ? ', compressed' : ''}`, async (t) => {
        const log = diagnosticLog(t);
        const collector = await startCollector();
        t.after(() => collector.remove());
        const processor = new BatchSpanProcessor(exporterFor(protocol, collector, { compression }));
        for (const span of describedSpans(described)) processor.onEnd(span);
        await processor.forceFlush();
        const { ended, acknowledged } = balanced(processor);
        assert.deepEqual([acknowledged, log], [ended, []]);
        assert.ok(ended === described.length && ended > 300, `${ended} of ${described.length}`);
        const expected = inOrder(described.map((description) => expectedSpan(description)));
        assert.deepEqual(inOrder(collector.spans()), expected, 'as protobuf');
        assert.deepEqual(inOrder(collector.jsonSpans()), expected, 'as JSON');
        await processor.shutdown();
      });
    }
  }
});

describe('every kind of value', { skip: skipWithout('collector') }, () => {
  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await startCollector();
      t.after(() => collector.remove());
      const processor = new BatchSpanProcessor(exporterFor(protocol, collector));
      const provider = new TracerProvider({ spanProcessors: [processor] });
      const attributes = Object.fromEntries(VALUES.map(([what, value]) => [what, value]));
      const span = provider.getTracer('values').startSpan('values', { attributes });
      span.addEvent('values', attributes).addLink({ context: span.spanContext(), attributes }).end();
      await processor.shutdown();
      assert.deepEqual(log, []);
      const expected = Object.fromEntries(VALUES.map(([what, , value]) => [what, value]));
      for (const spans of [collector.spans(), collector.jsonSpans()]) {
        assert.equal(spans.length, 1);
        const [{ attributes: own, events, links }] = spans;
        assert.deepEqual([own, events[0].attributes, links[0].attributes], [expected, expected, expected]);
      }
    });
  }
});

/** Sorts by what identifies spans: a batch has one resource, and groups spans by scope. */
function inOrder(spans: readonly DecodedSpan[]): DecodedSpan[] {
  const keyOf = ({ traceId, spanId }: DecodedSpan) => traceId + spanId;
  return [...spans].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function nested<T>(levels: number, leaf: T): T {
  return levels === 0 ? leaf : ({ deeper: nested(levels - 1, leaf) } as T);
}
