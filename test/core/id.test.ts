import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { draw, hexOf, type IdGenerator, pool, RandomIdGenerator, wordOfHex } from '../../src/core/id.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { AlwaysOffSampler } from '../../src/core/sampler.ts';
import { isValidId } from '../../src/core/span-context.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';
import { Recorder } from './recorder.ts';

const log = diagnosticLog();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('the words of an id', () => {
  it('are eight hexadecimal digits each, and convert back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(24), (word, offset) => {
        const hex = hexOf(word);
        assert.equal(hex, (word >>> 0).toString(16).padStart(8, '0'));
        assert.equal(wordOfHex(`${'f'.repeat(offset) + hex}f`, offset), word);
        assert.equal(hexOf(word, 0, word), `${hex}00000000${hex}`);
      }),
    );
  });

  it('are random, and differ', () => {
    const words = new Set(Array.from({ length: 5_000 }, () => pool[draw(1)]));
    // Among 5,000 words of 2^32 possible, the odds of more than ten pairs are below 10^-29.
    assert.ok(words.size >= 4_990, `${words.size} of 5,000 differ`);
    const bits = [...words].reduce((all, word) => all | word, 0);
    assert.equal(bits, -1);
  });
});

describe('the built-in generator', () => {
  it('makes valid ids that differ', () => {
    const generator = new RandomIdGenerator();
    const traceIds = new Set(Array.from({ length: 2_000 }, () => generator.generateTraceId()));
    const spanIds = new Set(Array.from({ length: 2_000 }, () => generator.generateSpanId()));
    assert.equal(traceIds.size, 2_000);
    assert.equal(spanIds.size, 2_000);
    assert.ok([...traceIds].every((id) => isValidId(id, 4)));
    assert.ok([...spanIds].every((id) => isValidId(id, 2)));
  });

  it('draws again if all words are zero', (t) => {
    let draws = 0;
    t.mock.method(crypto, 'randomFillSync', (words: Int32Array) => {
      // A pool of zeros except for its last word.
      words.fill(0);
      words[words.length - 1] = ++draws;
      return words;
    });
    // Use up the existing pool first.
    while (pool[draw(1)] !== 1);
    assert.ok(isValidId(new RandomIdGenerator().generateSpanId(), 2));
    assert.ok(isValidId(new RandomIdGenerator().generateTraceId(), 4));
    const recorder = new Recorder();
    for (let span = 0; span < 2_000; span++) {
      const { traceId, spanId } = recorder.start('s').spanContext();
      assert.ok(isValidId(traceId, 4), traceId);
      assert.ok(isValidId(spanId, 2), spanId);
    }
    // Replace the pool of zeros.
    t.mock.restoreAll();
    for (let word = 0; word < 4_096; word++) draw(1);
  });
});

describe('a generator of the user', () => {
  const generator = (given: Partial<IdGenerator> = {}): IdGenerator => ({
    generateTraceId: () => TRACE,
    generateSpanId: () => SPAN,
    ...given,
  });

  it('makes the ids of traces and spans, sampled or not', () => {
    for (const sampler of [undefined, new AlwaysOffSampler()]) {
      const recorder = new Recorder({ idGenerator: generator(), sampler });
      assert.deepEqual(recorder.start('s').spanContext(), {
        traceId: TRACE,
        spanId: SPAN,
        traceFlags: sampler === undefined ? 1 : 0,
      });
    }
  });

  it('makes the ids that are sent', () => {
    const recorder = new Recorder({ idGenerator: generator() });
    recorder.start('s').end();
    const [{ traceId, spanId, flags }] = recorder.sent();
    assert.deepEqual([traceId, spanId, flags], [TRACE, SPAN, 0x101]);
  });

  it('is not asked for a trace id if there is a parent', () => {
    const recorder = new Recorder({ idGenerator: generator({ generateTraceId: () => assert.fail('not asked for') }) });
    const parent = nonRecordingSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true });
    assert.equal(recorder.start('s', {}, setSpan(ROOT_CONTEXT, parent)).spanContext().traceId, 'a'.repeat(32));
    assert.deepEqual(log, []);
  });

  it('may be derived from the built-in one', () => {
    class Timed extends RandomIdGenerator {
      override generateTraceId(): string {
        return `5f000000${super.generateTraceId().slice(8)}`;
      }
    }
    const span = new Recorder({ idGenerator: new Timed() }).start('s');
    assert.match(span.spanContext().traceId, /^5f000000/);
    assert.equal(span.spanContext().traceFlags, 3);
  });

  it('that draws from the same pool never causes duplicate ids', () => {
    const traceIds = new Set<string>();
    const derived = new RandomIdGenerator();
    const recorder = new Recorder({ idGenerator: derived });
    const plain = new Recorder();
    // Enough to fill the pool more than twice.
    for (let span = 0; span < 2_000; span++) {
      for (const each of [recorder, plain]) traceIds.add(each.start('s').spanContext().traceId);
    }
    assert.equal(traceIds.size, 4_000);
  });

  it('that returns invalid ids is replaced for each of them, with one warning', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const bad: unknown[] = [
      '',
      '0'.repeat(32),
      '0'.repeat(16),
      TRACE.toUpperCase(),
      SPAN.toUpperCase(),
      `${TRACE}0`,
      `${TRACE}\n`,
      'g'.repeat(32),
      5,
      1n,
      null,
      undefined,
      circular,
      Symbol('id'),
      'x'.repeat(10_000_000),
    ];
    for (const id of bad) {
      const recorder = new Recorder({
        idGenerator: generator({ generateTraceId: () => id as string, generateSpanId: () => id as string }),
      });
      const { traceId, spanId } = recorder.start('s').spanContext();
      assert.ok(isValidId(traceId, 4));
      assert.ok(isValidId(spanId, 2));
      assert.notEqual(traceId, TRACE);
    }
    assert.deepEqual(codesOf(log), ['id_refused']);
    assert.ok(log[0].message.length < 300);
  });

  it('that throws is replaced, too', () => {
    const fail = () => assert.fail('no entropy');
    const recorder = new Recorder({ idGenerator: { generateTraceId: fail, generateSpanId: fail } });
    const span = recorder.start('s');
    assert.ok(span.isRecording());
    assert.ok(isValidId(span.spanContext().traceId, 4));
    assert.match(
      log[0].message,
      /^id_refused: generateTraceId\(\) no entropy: idGenerator returned no valid id, so a random one is used$/,
    );
  });
});

describe('the random flag', () => {
  const flagsOf = (idGenerator?: IdGenerator) => new Recorder({ idGenerator }).start('s').spanContext().traceFlags;

  it('is set on the traces that start here', () => {
    assert.equal(flagsOf(), 3);
    assert.equal(flagsOf(new RandomIdGenerator()), 3);
    assert.equal(new Recorder({ sampler: new AlwaysOffSampler() }).start('s').spanContext().traceFlags, 2);
  });

  it('is not set unless a generator promises it', () => {
    const ids = { generateTraceId: () => TRACE, generateSpanId: () => SPAN };
    assert.equal(flagsOf(ids), 1);
    assert.equal(flagsOf({ ...ids, randomTraceIds: false }), 1);
    assert.equal(flagsOf({ ...ids, randomTraceIds: true }), 3);
  });

  it('is inherited from parents', () => {
    for (const traceFlags of [0, 1, 2, 3]) {
      for (const isRemote of [true, false]) {
        const parent = nonRecordingSpan({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote });
        const child = new Recorder().start('s', {}, setSpan(ROOT_CONTEXT, parent));
        assert.equal(child.spanContext().traceFlags, traceFlags);
        const grandchild = new Recorder().start('s', {}, setSpan(ROOT_CONTEXT, child));
        assert.equal(grandchild.spanContext().traceFlags, traceFlags);
      }
    }
  });
});
