import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AttributeValue } from '../../../src/core/attributes.ts';
import { TracerProvider } from '../../../src/core/provider.ts';
import type { RecordingSpan, Span } from '../../../src/core/span.ts';
import { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { BufferPool } from '../../../src/export/otlp/buffer-pool.ts';
import { requestJson } from '../../../src/export/otlp/json.ts';
import { decodeJsonRequest, decodeRequest, flatten, type PlainValue } from '../../oracle/otlp.ts';
import { spanDescriptions } from '../../oracle/span-description.ts';
import { describedSpans, expressible } from '../described-spans.ts';
import { requestBytes } from './request.ts';

test('random spans decode to the same from JSON and protobuf, including lone surrogates', () => {
  fc.assert(
    fc.property(spanDescriptions({ loneSurrogates: true }), (descriptions) => {
      const spans = describedSpans(expressible(descriptions));
      const batch = new OtlpBatch(new BufferPool());
      for (const span of spans) batch.add(span);
      assert.deepEqual(flatten(decodeJsonRequest(requestJson(spans))), flatten(decodeRequest(requestBytes([batch]))));
    }),
    { numRuns: 300 },
  );
});

const values: [string, AttributeValue, PlainValue][] = [
  ['the largest int64', 2n ** 63n - 1n, 2n ** 63n - 1n],
  ['the smallest int64', -(2n ** 63n), -(2n ** 63n)],
  ['a safe integer', Number.MIN_SAFE_INTEGER, BigInt(Number.MIN_SAFE_INTEGER)],
  ['a whole number that is not safe', 2 ** 60, 2 ** 60],
  ['NaN', Number.NaN, Number.NaN],
  ['infinity', -Infinity, -Infinity],
  // Differs from protobuf: parsers of JSON would not keep a negative zero.
  ['negative zero as a double without its sign', -0, 0],
  ['bytes', new Uint8Array([0, 255, 128]), new Uint8Array([0, 255, 128])],
  ['half a surrogate pair, in a map', { 'a\ud800': ['\udc00'] }, { 'a\ufffd': ['\ufffd'] }],
  ['a text that looks like an escape', '\\ud800', '\\ud800'],
];
for (const [what, value, expected] of values) {
  test(`a value decodes to itself: ${what}`, () => {
    const [span] = flatten(decodeJsonRequest(requestJson([recorded({ value })])));
    assert.deepEqual(span.attributes.value, expected);
  });
}

test('every string may contain a lone surrogate', () => {
  const half = '\ud800';
  const span = recorded({}, half, (recording) => {
    recording
      .updateName(half)
      .addEvent(half, { [half]: half })
      .setStatus({ code: 2, message: half });
  });
  const [decoded] = flatten(decodeJsonRequest(requestJson([span])));
  const { name, events, status, scope, resource } = decoded;
  assert.deepEqual(
    [name, events[0].name, events[0].attributes, status.message, scope, resource.attributes.half, resource.schemaUrl],
    [
      '\ufffd',
      '\ufffd',
      { '\ufffd': '\ufffd' },
      '\ufffd',
      { name: '\ufffd', version: '\ufffd', attributes: {}, droppedAttributesCount: 0, schemaUrl: '\ufffd' },
      '\ufffd',
      '\ufffd',
    ],
  );
});

test('a link to an invalid context has ids of zero, as in protobuf', () => {
  const span = recorded({}, 'scope', (recording) => {
    recording.addLink({ traceId: 'nonsense', spanId: 'b7ad6b7169203331', traceFlags: 0 });
  });
  const [{ links }] = flatten(decodeJsonRequest(requestJson([span])));
  assert.deepEqual([links[0].traceId, links[0].spanId], ['0'.repeat(32), '0'.repeat(16)]);
});

test('default values are omitted', () => {
  const span = recorded({});
  const [{ scopeSpans }] = JSON.parse(requestJson([span])).resourceSpans;
  assert.deepEqual(Object.keys(scopeSpans[0].spans[0]).sort(), [
    'attributes',
    'endTimeUnixNano',
    'events',
    'flags',
    'kind',
    'links',
    'name',
    'spanId',
    'startTimeUnixNano',
    'status',
    'traceId',
  ]);
  assert.deepEqual(scopeSpans[0].spans[0].status, {});
});

function recorded(
  attributes: { [key: string]: AttributeValue },
  text = 'scope',
  act: (span: Span) => void = () => {},
): RecordingSpan {
  const spans: RecordingSpan[] = [];
  const keep = { onEnd: (span: unknown) => spans.push(span as RecordingSpan) };
  const provider = new TracerProvider({
    resource: { attributes: { half: text }, schemaUrl: text },
    spanProcessors: [{ ...keep, forceFlush: async () => {}, shutdown: async () => {} }],
  });
  const span = provider.getTracer(text, text, { schemaUrl: text }).startSpan('span', { attributes });
  act(span);
  span.end();
  return spans[0];
}
