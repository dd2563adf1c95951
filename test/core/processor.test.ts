import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanProcessor } from '../../src/core/processor.ts';
import type { ReadableSpan, StartedSpan } from '../../src/core/span.ts';
import { SpanStatusCode } from '../../src/core/status.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { JsonBatch } from '../../src/export/otlp/json-batch.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();

/** A recorder that comes after a processor which does nothing but what is given for it. */
function recorderAfter(given: Partial<SpanProcessor>): Recorder {
  return new Recorder({}, [{ onEnd() {}, forceFlush: async () => {}, shutdown: async () => {}, ...given }]);
}

describe('a processor', () => {
  it('can change what those after it send, in place or as a whole', () => {
    for (const isInPlace of [true, false]) {
      const recorder = recorderAfter({
        onEnd(span) {
          if (!isInPlace) {
            Object.assign(span, {
              attributes: { kept: 1, password: '***' },
              status: { code: SpanStatusCode.OK },
              events: span.events.slice(1),
              links: [],
            });
            return;
          }
          span.attributes.password = '***';
          delete span.attributes.token;
          delete span.events[1].attributes?.secret;
          span.events.shift();
          span.links.length = 0;
          Object.assign(span.status, { code: SpanStatusCode.OK, message: undefined });
        },
      });
      const span = recorder.start('login', { attributes: { kept: 1, password: 'hunter2', token: 't0k' } });
      span
        .addEvent('first')
        .addEvent('second', isInPlace ? { secret: 's' } : {})
        .addLink(span);
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'hunter2' }).end();
      const [sent] = recorder.sent();
      assert.deepEqual(
        [sent.attributes, sent.status, sent.links, sent.events.map(({ name, attributes }) => [name, attributes])],
        [{ kept: 1n, password: '***' }, { code: 1, message: '' }, [], [['second', {}]]],
      );
      assert.deepEqual(
        [sent.name, sent.traceId, sent.spanId, sent.scope.name],
        ['login', span.spanContext().traceId, span.spanContext().spanId, 'recorder'],
      );
      const json = new JsonBatch();
      json.add(recorder.ended[0]);
      assert.doesNotMatch(Buffer.concat(json._parts().flat()).toString(), /hunter2|t0k|first/);
    }
  });

  it('gets the same objects of an ended span as those after it', () => {
    const memory = new InMemorySpanExporter();
    const recorder = new Recorder({
      spanProcessors: [
        {
          onEnd(span) {
            span.attributes.added = 1;
          },
          forceFlush: async () => {},
          shutdown: async () => {},
        },
        new SimpleSpanProcessor(memory),
      ],
    });
    recorder.start('span').end();
    const [span] = memory.getFinishedSpans();
    assert.deepEqual(span.attributes, { added: 1 });
    assert.equal(recorder.ended[0].attributes, span.attributes);
  });

  it('that only reads a span changes nothing, and copies of an open span are its own', () => {
    const recorder = recorderAfter({
      onStart(span) {
        const { attributes, events } = span as StartedSpan;
        attributes.lost = 1;
        events.push({ name: 'lost', time: [0, 0], attributes: {}, droppedAttributesCount: 0 });
      },
      onEnd: ({ attributes, events, links, status }: ReadableSpan) => void [attributes, events, links, status],
    });
    const span = recorder.start('span', { attributes: { key: 'value' } });
    span
      .addEvent('event', { list: [1.5, true] })
      .setAttribute('later', 2n ** 63n - 1n)
      .addLink(span);
    span.end();
    const [sent] = recorder.sent();
    assert.deepEqual(sent.attributes, { key: 'value', later: 2n ** 63n - 1n });
    assert.deepEqual([sent.events.length, sent.events[0].attributes], [1, { list: [1.5, true] }]);
    assert.equal(sent.links[0].spanId, span.spanContext().spanId);
  });

  it('that replaces the events by something else costs the span, which stays ended', () => {
    const batch = new BatchSpanProcessor(new OtlpHttpExporter({ url: 'http://localhost:9' }));
    const recorder = new Recorder({ spanProcessors: [batch] }, [
      {
        onEnd: (span) => void Object.assign(span, { events: 5 }),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ]);
    const span = recorder.start('span');
    span.end();
    span.end();
    assert.deepEqual([span.ended, recorder.ended.length], [true, 1]);
    const { ended, pending, dropped } = batch.stats();
    assert.deepEqual([ended, pending, dropped], [1, 0, { encode_failed: 1 }]);
  });

  it('keeps the counts of what was dropped', () => {
    const recorder = new Recorder({
      spanLimits: { attributeCountLimit: 1, eventCountLimit: 1, linkCountLimit: 1 },
    });
    const span = recorder.start('span', { attributes: { a: 1, b: 2 } });
    span.addEvent('e').addEvent('e', { a: 1 }).addLink(span).addLink(span).end();
    const counts = () => {
      const [{ droppedAttributesCount, droppedEventsCount, droppedLinksCount }] = recorder.sent();
      return [droppedAttributesCount, droppedEventsCount, droppedLinksCount];
    };
    assert.deepEqual(counts(), [1, 1, 1]);
    span.attributes.b = 2;
    // Of the two attributes that are there now, one is beyond the limit, too.
    assert.deepEqual(counts(), [2, 1, 1]);
  });

  it('can write to a span that is about to end', () => {
    const told: string[] = [];
    const recorder = recorderAfter({
      onEnding(span) {
        told.push((span as StartedSpan).name);
        assert.ok(span.isRecording());
        span.setAttribute('password', '***').addEvent('ending');
        span.updateName('renamed');
        // The second one.
        span.end();
      },
    });
    const span = recorder.start('login', { attributes: { password: 'hunter2' } });
    span.end();
    span.end();
    assert.deepEqual(told, ['login']);
    const [sent] = recorder.sent();
    assert.deepEqual([sent.name, sent.attributes, sent.events[0].name], ['renamed', { password: '***' }, 'ending']);
    assert.deepEqual(codesOf(log), ['span_ended']);
  });

  it('that fails in onEnding is reported, and the span ends', () => {
    const recorder = recorderAfter({
      onEnding() {
        throw new Error('no');
      },
    });
    recorder.start('span').end();
    assert.equal(recorder.sent().length, 1);
    assert.deepEqual(codesOf(log), ['processor_failed']);
  });
});
