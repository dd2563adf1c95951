import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_SPAN_LIMITS, type SpanLimits, spanLimits } from '../../src/core/limits.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();
const REMOTE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

/** Returns this many attributes. */
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]));

describe('the limits', () => {
  it('are 128 of each by default, and values of any length', () => {
    assert.deepEqual(spanLimits(undefined), DEFAULT_SPAN_LIMITS);
    assert.deepEqual(
      { ...DEFAULT_SPAN_LIMITS },
      {
        attributeCountLimit: 128,
        attributeValueLengthLimit: Infinity,
        eventCountLimit: 128,
        linkCountLimit: 128,
        attributePerEventCountLimit: 128,
        attributePerLinkCountLimit: 128,
      },
    );
  });

  it('have defaults unless they are set', () => {
    assert.deepEqual(spanLimits({ eventCountLimit: 0, linkCountLimit: undefined }), {
      ...DEFAULT_SPAN_LIMITS,
      eventCountLimit: 0,
    });
    assert.equal(spanLimits({ attributeCountLimit: Infinity }).attributeCountLimit, Infinity);
    assert.equal(DEFAULT_SPAN_LIMITS.eventCountLimit, 128);
  });

  it('are integers', () => {
    const recorder = new Recorder({
      spanLimits: { eventCountLimit: 1.5, linkCountLimit: 1.5, attributeCountLimit: 1.5 },
    });
    const span = recorder.start('s', { attributes: many(3) });
    for (let at = 0; at < 3; at++) span.addEvent(`${at}`);
    span.addLinks([{ context: REMOTE }, { context: REMOTE }, { context: REMOTE }]).end();
    const [{ events, links, attributes, ...dropped }] = recorder.sent();
    assert.deepEqual([events.length, links.length, Object.keys(attributes).length], [1, 1, 1]);
    assert.deepEqual(
      [dropped.droppedEventsCount, dropped.droppedLinksCount, dropped.droppedAttributesCount],
      [2, 2, 2],
    );
  });

  it('are refused unless they are counts', () => {
    for (const value of [-1, NaN, '5', null, {}]) {
      for (const name of Object.keys(DEFAULT_SPAN_LIMITS)) {
        assert.throws(() => spanLimits({ [name]: value }), {
          name: 'RangeError',
          message: `spanLimits.${name}: ${typeof value === 'string' ? `"${value}"` : value} is not a number of at least 0`,
        });
      }
    }
    assert.throws(
      () => spanLimits({ attributesLimit: 1 } as never),
      /unknown option; known options are attributeCountLimit/,
    );
  });

  it('apply even if they are not integers', () => {
    const spanLimits = { attributeCountLimit: 1.5, attributePerEventCountLimit: 0.5 };
    const recorder = new Recorder({ spanLimits });
    const span = recorder.start('s', { attributes: many(3) });
    span.addEvent('e', many(3)).end();
    const [{ attributes, droppedAttributesCount, events }] = recorder.sent();
    assert.deepEqual([attributes, droppedAttributesCount], [{ k0: 0n }, 2]);
    assert.deepEqual([events[0].attributes, events[0].droppedAttributesCount], [{}, 3]);
  });

  it('apply to spans, events and links, and what exceeds them is counted', () => {
    const limit = fc.nat(5);
    const given = fc.record<SpanLimits>({
      attributeCountLimit: limit,
      attributeValueLengthLimit: limit,
      eventCountLimit: limit,
      linkCountLimit: limit,
      attributePerEventCountLimit: limit,
      attributePerLinkCountLimit: limit,
    });
    fc.assert(
      fc.property(given, fc.nat(8), fc.nat(8), fc.nat(8), (limits, attributes, events, links) => {
        const recorder = new Recorder({ spanLimits: limits });
        const link = { context: REMOTE, attributes: many(7) };
        const span = recorder.start('s', { attributes: many(attributes), links: Array(links).fill(link) });
        for (let event = 0; event < events; event++) span.addEvent(`e${event}`, many(7));
        span.end();
        const [sent] = recorder.sent();
        const kept = Math.min(events, limits.eventCountLimit);
        assert.equal(Object.keys(sent.attributes).length, Math.min(attributes, limits.attributeCountLimit));
        assert.equal(sent.droppedAttributesCount, Math.max(attributes - limits.attributeCountLimit, 0));
        assert.deepEqual(
          sent.events.map(({ name }) => name),
          Array.from({ length: kept }, (_, at) => `e${events - kept + at}`),
        );
        assert.equal(sent.droppedEventsCount, events - kept);
        assert.equal(sent.links.length, Math.min(links, limits.linkCountLimit));
        assert.equal(sent.droppedLinksCount, Math.max(links - limits.linkCountLimit, 0));
        for (const { attributes: own, droppedAttributesCount } of sent.events) {
          assert.equal(Object.keys(own).length, limits.attributePerEventCountLimit);
          assert.equal(droppedAttributesCount, 7 - limits.attributePerEventCountLimit);
        }
        for (const { attributes: own, droppedAttributesCount } of sent.links) {
          assert.equal(Object.keys(own).length, limits.attributePerLinkCountLimit);
          assert.equal(droppedAttributesCount, 7 - limits.attributePerLinkCountLimit);
        }
        const [read] = recorder.ended;
        assert.deepEqual(
          [read.droppedAttributesCount, read.droppedEventsCount, read.droppedLinksCount],
          [sent.droppedAttributesCount, sent.droppedEventsCount, sent.droppedLinksCount],
        );
      }),
    );
  });

  it('truncate strings wherever they are', () => {
    const recorder = new Recorder({ spanLimits: { attributeValueLengthLimit: 3 } });
    const attributes = { text: 'a😀😀', list: ['long'], number: 12_345 };
    const span = recorder.start('long name', { attributes, links: [{ context: REMOTE, attributes }] });
    span.addEvent('long event', attributes).end();
    const [{ name, attributes: own, events, links }] = recorder.sent();
    const expected = { text: 'a😀', list: ['lon'], number: 12_345n };
    for (const cut of [own, events[0].attributes, links[0].attributes]) assert.deepEqual(cut, expected);
    assert.deepEqual([name, events[0].name], ['long name', 'long event']);
  });

  it('cause one warning each, which says what to do', () => {
    const recorder = new Recorder({ spanLimits: { attributeCountLimit: 1, eventCountLimit: 1, linkCountLimit: 1 } });
    for (let round = 0; round < 3; round++) {
      const span = recorder.start('s', { attributes: many(5), links: [REMOTE, REMOTE, REMOTE] });
      span.addEvent('a').addEvent('b').addEvent('c').end();
    }
    assert.deepEqual(codesOf(log), ['attribute_limit', 'link_limit', 'event_limit']);
    for (const { message } of log)
      assert.match(message, /_limit: ("k1"|1): .* beyond the limit .*raise it in spanLimits$/);
  });
});
