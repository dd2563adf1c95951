import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Attributes } from '../../../src/core/attributes.ts';
import { TracerProvider } from '../../../src/core/provider.ts';
import type { RecordingSpan, Span } from '../../../src/core/span.ts';
import { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { BufferPool } from '../../../src/export/otlp/buffer-pool.ts';
import { type DecodedSpan, decodeRequest, flatten } from '../../oracle/otlp.ts';
import {
  expectedSpan,
  type SpanDescription,
  spanDescription,
  spanDescriptions,
} from '../../oracle/span-description.ts';
import { describedSpans, expressible } from '../described-spans.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { requestBytes } from './request.ts';

const MIB = 1024 * 1024;
// The length to which long values of an oversized span are truncated at first.
const KEPT = 131_072;

describe('a request', () => {
  test('without spans is empty', () => {
    assert.equal(requestBytes([]).length, 0);
    assert.equal(requestBytes([new OtlpBatch(new BufferPool())]).length, 0);
  });

  test('of one scope is built around the spans, without a copy', () => {
    const buffer = new Uint8Array(64 * 1024);
    const pool = new BufferPool();
    pool.give(buffer);
    const batch = batchOf(spansIn({ scopes: ['a'], each: 3 }), pool);
    assert.equal(requestBytes([batch]).buffer, buffer.buffer);
  });

  test('of compacted batches is the same', () => {
    const spans = spansIn({ scopes: ['a', 'b'], each: 40 });
    const pool = new BufferPool();
    const given: number[] = [];
    const give = pool.give.bind(pool);
    pool.give = (buffer) => {
      given.push(buffer.length);
      give(buffer);
    };
    const [first, second] = [batchOf(spans, pool), batchOf(spans, pool)];
    first.compact(1);
    // Write to another batch in between.
    const third = batchOf(spans, pool);
    second.compact(1);
    third.compact(0);
    const bytes = requestBytes([first]);
    assert.deepEqual([requestBytes([second]), requestBytes([third])], [bytes, bytes]);
    assert.deepEqual(idsOf(flatten(decodeRequest(bytes))).sort(), idsOf(spans).sort());
    // Each compaction returned two buffers to the pool, which were larger than their content.
    assert.equal(given.length, 4);
    assert.ok(given[0] + given[1] > bytes.length);
    for (const { buffer } of first._seal()) assert.ok(buffer.byteLength < Math.max(...given));
  });

  test('of the same size as a compacted one keeps its buffer', () => {
    const spans = spansIn({ scopes: ['a'], each: 512 });
    const pool = new BufferPool();
    pool.give(new Uint8Array(64 * 1024));
    const first = batchOf(spans, pool);
    first.compact(0.875);
    const [{ buffer }] = first._seal();
    assert.ok(buffer.byteLength < first.byteLength * 1.25, `${buffer.byteLength} for ${first.byteLength}`);
    pool.clear();
    first._release();
    const second = batchOf(spans, pool);
    second.compact(0.875);
    assert.ok(second._seal()[0].buffer === buffer, 'neither a larger one nor a copy');
  });

  test('of several scopes and resources names each of them once per batch, whatever the order of the spans', () => {
    const first = spansIn({ scopes: ['a', 'b'], each: 3 });
    const second = spansIn({ scopes: ['b', 'c'], each: 2 });
    const mixed = [...first, ...second].map((span, at) => ({ span, key: (at * 7) % 10 }));
    const spans = mixed.sort((a, b) => a.key - b.key).map(({ span }) => span);
    const scopesOf = (...batches: RecordingSpan[][]) => {
      const request = decodeRequest(requestBytes(batches.map((batch) => batchOf(batch))));
      assert.deepEqual(idsOf(flatten(request)), idsOf(spans));
      return request.resourceSpans.map(({ scopeSpans }) =>
        scopeSpans.map(({ scope, spans }) => `${scope?.name} ${spans.length}`).join(),
      );
    };
    // The two scopes named b belong to two resources.
    assert.deepEqual(scopesOf(spans).sort(), ['a 3', 'b 2', 'b 3', 'c 2']);
    // Batches follow one another, each as it would be alone.
    const [one, other] = [spans.slice(0, 4), spans.slice(4)];
    const halves = scopesOf(one, other);
    const namesIn = (part: readonly RecordingSpan[]) => new Set(part.map(({ _tracer }) => _tracer)).size;
    assert.equal(halves.length, namesIn(one) + namesIn(other));
    const counts = new Map<string, number>();
    for (const half of halves) {
      const [scope, count] = half.split(' ');
      counts.set(scope, (counts.get(scope) ?? 0) + Number(count));
    }
    assert.deepEqual([...counts].sort(), [
      ['a', 3],
      ['b', 5],
      ['c', 2],
    ]);
  });

  test('of spans with the same resource object under two providers is still readable', () => {
    const spans = ['a', 'a'].flatMap((name) => spansIn({ scopes: [name], each: 1 }));
    assert.deepEqual(idsOf(flatten(decodeRequest(requestBytes([batchOf(spans)])))), idsOf(spans));
  });

  test('can be built again', () => {
    fc.assert(
      fc.property(fc.array(spanDescriptions(), { minLength: 1, maxLength: 3 }), (groups) => {
        const batches = groups.map((descriptions) => batchOf(describedSpans(expressible(descriptions))));
        const once = requestBytes(batches).slice();
        assert.deepEqual(requestBytes(batches), once);
      }),
      { numRuns: 50 },
    );
  });

  test('of any batches has all their spans and their total length', () => {
    fc.assert(
      fc.property(fc.array(spanDescriptions({ loneSurrogates: true }), { minLength: 1, maxLength: 4 }), (groups) => {
        const described = groups.map((descriptions) => expressible(descriptions));
        const batches = described.map((descriptions) => batchOf(describedSpans(descriptions)));
        const bytes = requestBytes(batches);
        assert.equal(
          bytes.length,
          batches.reduce((sum, { byteLength }) => sum + byteLength, 0),
        );
        assert.deepEqual(sorted(flatten(decodeRequest(bytes))), sorted(described.flat().map(expectedSpan)));
        assert.deepEqual(
          batches.map(({ spanCount }) => spanCount),
          described.map(({ length }) => length),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('with a resource of any size before the spans is readable', () => {
    for (const length of [0, 90, 110, 128, 400, 500, 1_000, 16_300, 16_400, 70_000]) {
      const spans = spansIn({ scopes: ['a'], each: 2, resource: { 'service.name': 'x'.repeat(length) } });
      const decoded = flatten(decodeRequest(requestBytes([batchOf(spans)])));
      assert.deepEqual(idsOf(decoded), idsOf(spans));
      assert.equal(decoded[0].resource.attributes['service.name'], 'x'.repeat(length));
    }
  });
});

describe('reused buffers', () => {
  test('reveal nothing of their old content', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(spanDescription(), { minLength: 1, maxLength: 6 }), fc.boolean()), { maxLength: 8 }),
        (rounds) => {
          const pool = new BufferPool();
          const held: [OtlpBatch, SpanDescription[]][] = [];
          for (const [arbitrary, release] of rounds) {
            const descriptions = expressible(arbitrary);
            const batch = batchOf(describedSpans(descriptions), pool);
            held.push([batch, descriptions]);
            // Batches that are not released yet must be intact.
            for (const [other, expected] of held) {
              assert.deepEqual(
                sorted(flatten(decodeRequest(requestBytes([other])))),
                sorted(expected.map(expectedSpan)),
              );
            }
            if (release) for (const [done] of held.splice(0)) done._release();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('are the same objects', () => {
    const pool = new BufferPool();
    const [span] = spansIn({ scopes: ['a'], each: 1 });
    const bufferOf = (batch: OtlpBatch) => requestBytes([batch]).buffer;
    const first = batchOf([span], pool);
    const buffer = bufferOf(first);
    first._release();
    assert.equal(bufferOf(batchOf([span], pool)), buffer);
    // The buffer is in use now.
    assert.notEqual(bufferOf(batchOf([span], pool)), buffer);
  });

  test('are not kept if a burst has made them large', () => {
    const pool = new BufferPool();
    const large = batchOf(spansIn({ scopes: ['a'], each: 1, attributes: { text: 'x'.repeat(600_000) } }), pool);
    const { buffer } = large._seal()[0];
    large._release();
    assert.notEqual(pool.take().buffer, buffer);
  });

  test('grow if they are too small', () => {
    fc.assert(
      fc.property(
        spanDescriptions({ loneSurrogates: true }),
        fc.array(fc.integer({ min: 128, max: 700 }), { minLength: 8, maxLength: 8 }),
        (arbitrary, sizes) => {
          const descriptions = expressible(arbitrary);
          const pool = new BufferPool();
          for (const size of sizes) pool.give(new Uint8Array(size).fill(0xff));
          const batch = batchOf(describedSpans(descriptions), pool);
          assert.deepEqual(
            sorted(flatten(decodeRequest(requestBytes([batch])))),
            sorted(descriptions.map(expectedSpan)),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a span of more than 1 MiB', () => {
  for (const [what, text, kept] of [
    ['ASCII', 'x'.repeat(10_000_000), 'x'.repeat(KEPT)],
    ['three bytes a character', '…'.repeat(10_000_000), '…'.repeat(Math.floor(KEPT / 3))],
    ['surrogate pairs', `a${'😀'.repeat(5_000_000)}`, `a${'😀'.repeat(KEPT / 4 - 1)}`],
  ]) {
    test(`truncates a string of 10 million code units: ${what}`, () => {
      const { span, cutSpans } = cut((recording) => recording.setAttributes({ before: 1, text, after: 'whole' }));
      assert.deepEqual(span.attributes, { before: 1n, text: kept, after: 'whole' });
      assert.equal(cutSpans, 1);
    });
  }

  test('truncates its event texts further, until it fits', () => {
    const { span, cutSpans } = cut((recording) => {
      for (let at = 0; at < 128; at++) recording.addEvent(`event ${at}`, { text: 'x'.repeat(20_000), at });
    });
    assert.equal(span.events.length, 128);
    assert.deepEqual(span.events[127].attributes, { text: 'x'.repeat(2_048), at: 127n });
    assert.equal(cutSpans, 1);
  });

  test('keeps as many of 100,000 attributes as fit, and counts the others', () => {
    const attributes = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`attribute ${at}`, at]));
    const { span, cutSpans } = cut((recording) => {
      recording.setAttributes(attributes).setStatus({ code: 2, message: 'broken' });
    });
    const kept = Object.entries(span.attributes);
    assert.ok(kept.length > 30_000);
    assert.deepEqual(
      kept,
      kept.map((_, at) => [`attribute ${at}`, BigInt(at)]),
    );
    assert.deepEqual([span.droppedAttributesCount, cutSpans], [100_000 - kept.length, 1]);
    assert.deepEqual(span.status, { code: 2, message: 'broken' });
  });

  test('keeps as many of 50,000 events and links as fit, and counts the others', () => {
    const { span } = cut((recording) => {
      const context = recording.spanContext();
      recording.setAttribute('kept', false);
      for (let at = 0; at < 50_000; at++) recording.addEvent('event', { at }).addLink(context);
    });
    assert.ok(span.events.length > 20_000);
    assert.equal(span.events.length + span.droppedEventsCount, 50_000);
    assert.deepEqual([span.links, span.droppedLinksCount], [[], 50_000]);
    assert.deepEqual([span.attributes, span.droppedAttributesCount], [{ kept: false }, 0]);
  });

  test('truncates large byte arrays, too, and keeps its other attributes', () => {
    const { span } = cut((recording) => {
      recording.setAttributes({ small: 1, bytes: new Uint8Array(10 * MIB).fill(7), text: 'kept' });
    });
    assert.deepEqual(span.attributes, { small: 1n, bytes: new Uint8Array(KEPT).fill(7), text: 'kept' });
    assert.equal(span.droppedAttributesCount, 0);
  });

  test('keeps its given times', () => {
    const { span } = cut((recording) => recording.setAttribute('bytes', new Uint8Array(2 * MIB)), [5, 6]);
    assert.equal(span.startTimeUnixNano, 5_000_000_006n);
  });

  test('truncates its name and status message', () => {
    const { span } = cut((recording) => {
      recording.updateName('n'.repeat(2 * MIB)).setStatus({ code: 2, message: 'm'.repeat(2 * MIB) });
    });
    assert.deepEqual([span.name, span.status.message], ['n'.repeat(KEPT), 'm'.repeat(KEPT)]);
  });

  test('leaves its neighbors intact', () => {
    const texts = ['before', 'x'.repeat(2 * MIB), 'y'.repeat(900_000)];
    const spans: RecordingSpan[] = [];
    const tracer = providerOf((span) => spans.push(span), {}).getTracer('a');
    for (const text of texts) tracer.startSpan('span', { attributes: { text } }).end();
    const batch = batchOf(spans);
    const decoded = flatten(decodeRequest(requestBytes([batch])));
    assert.deepEqual(
      decoded.map(({ attributes }) => attributes.text),
      [texts[0], 'x'.repeat(KEPT), texts[2]],
    );
    assert.equal(batch._cutSpans, 1);
  });
});

test('a value that is truncated in a large span is not truncated in the next one', () => {
  const spans: RecordingSpan[] = [];
  const tracer = providerOf((span) => spans.push(span), {}).getTracer('a');
  // With more than some 70 bytes left, the beginning of the value fits.
  for (let left = 40; left < 140; left++) {
    for (const attributes of [{ a: 'значение' }, { b: 'x'.repeat(MIB - left), a: 'значение' }, { a: 'значение' }]) {
      spans.length = 0;
      tracer.startSpan('span', { attributes }).end();
      const [span] = flatten(decodeRequest(requestBytes([batchOf(spans)])));
      assert.equal(span.attributes.a, 'значение', `${left} bytes left`);
    }
  }
});

test('a resource that ends a span of the same exporter while it is read keeps both intact', () => {
  const batch = new OtlpBatch(new BufferPool());
  const take = (span: RecordingSpan) => batch.add(span);
  const other = providerOf(take, {}).getTracer('other');
  const toJSON = () => {
    other.startSpan('within').end();
    return 'read';
  };
  providerOf(take, { resource: { attributes: { nested: { toJSON } } } })
    .getTracer('a')
    .startSpan('outside')
    .end();
  const spans = flatten(decodeRequest(requestBytes([batch])));
  assert.deepEqual(spans.map(({ name }) => name).sort(), ['outside', 'within']);
  assert.equal(spans.find(({ name }) => name === 'outside')?.resource.attributes.nested, 'read');
});

test('a span that cannot be encoded leaves the batch as it was', (t) => {
  diagnosticLog(t);
  const [before, broken, after] = spansIn({ scopes: ['a'], each: 3 });
  const batch = batchOf([before]);
  const { byteLength } = batch;
  Object.defineProperty(broken, '_events', { value: [{ _name: 'event', _time: 0, _attributes: null }] });
  assert.throws(() => batch.add(broken));
  assert.deepEqual([batch.byteLength, batch.spanCount], [byteLength, 1]);
  batch.add(after);
  assert.deepEqual(idsOf(flatten(decodeRequest(requestBytes([batch])))), idsOf([before, after]));
});

/** Ends a span that `act` has made too large, and returns it as it comes out of a batch. */
function cut(act: (span: Span) => void, startTime?: [number, number]): { span: DecodedSpan; cutSpans: number } {
  const batch = new OtlpBatch(new BufferPool());
  const unlimited = { attributeCountLimit: Infinity, eventCountLimit: Infinity, linkCountLimit: Infinity };
  const recording = providerOf((span) => batch.add(span), { spanLimits: unlimited })
    .getTracer('large')
    .startSpan('large', { startTime });
  act(recording);
  recording.end();
  const bytes = requestBytes([batch]);
  assert.ok(bytes.length <= MIB + 1024);
  assert.ok(batch.byteLength <= MIB + 1024);
  const [span] = flatten(decodeRequest(bytes));
  assert.equal(span.spanId, recording.spanContext().spanId);
  return { span, cutSpans: batch._cutSpans };
}

/** Returns ended spans of a separate provider, `each` of every scope, alternating. */
function spansIn(given: { scopes: string[]; each: number; resource?: Attributes; attributes?: Attributes }) {
  const { scopes, each, resource = {}, attributes } = given;
  const spans: RecordingSpan[] = [];
  const provider = providerOf((span) => spans.push(span), { resource: { attributes: resource } });
  for (let at = 0; at < each; at++) {
    for (const scope of scopes) provider.getTracer(scope).startSpan(`span ${at}`, { attributes }).end();
  }
  return spans;
}

function providerOf(take: (span: RecordingSpan) => void, options: object): TracerProvider {
  const idle = { forceFlush: async () => {}, shutdown: async () => {} };
  return new TracerProvider({
    ...options,
    spanProcessors: [{ onEnd: (span) => take(span as RecordingSpan), ...idle }],
  });
}

function batchOf(spans: readonly RecordingSpan[], pool = new BufferPool()): OtlpBatch {
  const batch = new OtlpBatch(pool);
  for (const span of spans) batch.add(span);
  return batch;
}

/** Returns the sorted span ids. */
function idsOf(spans: readonly (DecodedSpan | RecordingSpan)[]): string[] {
  return spans.map((span) => ('spanId' in span ? span.spanId : span.spanContext().spanId)).sort();
}

function sorted(spans: readonly DecodedSpan[]): DecodedSpan[] {
  const keyOf = ({ traceId, spanId, startTimeUnixNano, name }: DecodedSpan) =>
    `${traceId} ${spanId} ${startTimeUnixNano} ${name}`;
  return [...spans].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
