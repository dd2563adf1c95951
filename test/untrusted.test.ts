import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as trace from '../src/index.ts';

// Values that a program may pass by mistake to any function of the public interface. They must not throw, prevent the
// program's own work, or be processed endlessly.

const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const throwing = <Key extends string>(key: Key): Record<Key, never> =>
  Object.defineProperty({} as Record<Key, never>, key, {
    enumerable: true,
    get: () => {
      throw new Error('a getter that throws');
    },
  });
/** Bypasses the type of a value. */
const any = <T>(value: unknown) => value as T;

const exporter = new trace.InMemorySpanExporter();
let codes: string[] = [];
const names = () => exporter.getFinishedSpans().map(({ name }) => name);

beforeEach(() => {
  codes = [];
  trace.initialize({
    exporterType: 'none',
    spanProcessors: [new trace.SimpleSpanProcessor(exporter)],
    onDiagnostic: ({ code }) => codes.push(code),
  });
});
afterEach(() => trace.shutdown());

describe('a callback runs, and its result is returned', () => {
  const brokenContext = {
    getValue: () => undefined,
    setValue: () => any<never>(assert.fail()),
    deleteValue: () => any<never>(0),
  };
  const options: [string, unknown][] = [
    ['options whose parent throws', throwing('parent')],
    ['options that cannot be read', revoked],
    ['a parent that cannot be read', { parent: revoked }],
    ['a parent that cannot be built on', { parent: brokenContext }],
    ['a parent that is a number', { parent: 7 }],
  ];
  for (const [what, value] of options) {
    it(`with ${what}`, () => {
      const given = any<trace.StartOptions>(value);
      assert.equal(
        trace.withSpan('a', given, () => 'done'),
        'done',
      );
      assert.equal(
        trace.instrumentLLMRequest('p', 'm', given, () => 'done'),
        'done',
      );
      const message = { type: 0, sessionId: 's' };
      assert.equal(
        trace.instrumentElementProcess('e', message, given, () => 'done'),
        'done',
      );
    });
  }

  it('and the span ends even if the class of the result cannot be read', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then: (resolve: (value: number) => void) => resolve(1),
      get constructor(): never {
        throw new Error('a getter that throws');
      },
    };
    assert.equal(await trace.withSpan('thenable', () => thenable), 1);
    assert.ok(names().includes('thenable'));
  });
});

describe('input that could take forever', () => {
  it('an array of messages that contains itself: only one level is linked', () => {
    const message = { type: 0, sessionId: 's' };
    const derived = { type: 0, sessionId: 's' };
    const cyclic: unknown[] = [derived];
    cyclic.push(cyclic, cyclic);
    assert.equal(
      trace.instrumentElementProcess('e', message, () => cyclic),
      cyclic,
    );
    assert.equal(trace.traceId(trace.contextOfMessage(derived)), trace.traceId(trace.contextOfMessage(message)));
  });

  it('links that are not an array, or very many: they are counted, not read', () => {
    let read = 0;
    const many = new Proxy(new Array(1_000_000), {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) read++;
        return key === 'length' ? target.length : trace.INVALID_SPAN;
      },
    });
    trace.startSpan('text', { links: any('x'.repeat(1_000_000)) }).end();
    trace.startSpan('many', { links: many }).end();
    const [text, crowded] = exporter.getFinishedSpans().slice(-2);
    assert.deepEqual([text.links.length, crowded.links.length], [0, 128]);
    assert.equal(crowded.droppedLinksCount, 1_000_000 - 128);
    assert.ok(read <= 130, `${read} links were read`);
    assert.deepEqual(codes, ['link_refused', 'link_limit']);
  });

  it('a string instead of baggage', () => {
    assert.deepEqual(trace.createBaggage(any('x'.repeat(10_000_000))).getAllEntries(), []);
  });
});

describe('functions without arguments, or with arguments that cannot be read', () => {
  const nothing = any<never>(undefined);
  const none = any<never>(null);
  const broken = any<never>(revoked);
  const calls: [string, () => unknown][] = [
    ['recordError', () => trace.recordError(nothing, new Error('x'))],
    ['addEvent', () => trace.addEvent(none, 'x')],
    ['setAttributes', () => trace.setAttributes(nothing, {})],
    ['spanFromContext', () => [trace.spanFromContext(none), trace.spanFromContext(broken)]],
    ['contextWithSpan', () => trace.contextWithSpan(trace.INVALID_SPAN, any({}))],
    ['baggageIn', () => [trace.baggageIn(none), trace.baggageIn(broken)]],
    ['contextWithBaggage', () => trace.contextWithBaggage(none, trace.createBaggage())],
    ['inject', () => [trace.inject({}, none), trace.inject({}, any(throwing('context'))), trace.inject(none)]],
    ['extract', () => [trace.extract({}, none), trace.extract({}, any(throwing('context'))), trace.extract(broken)]],
    ['traceId', () => [trace.traceId(broken), trace.traceId(any({ spanContext: () => throwing('traceId') }))]],
    ['spanId', () => trace.spanId(any({ spanContext: () => throwing('spanId') }))],
    ['logWithTrace', () => trace.withSpan('log', () => trace.logWithTrace(any(Symbol('message'))))],
    ['isSpanContextValid', () => trace.isSpanContextValid(broken)],
    ['nonRecordingSpan', () => [trace.nonRecordingSpan(broken), trace.nonRecordingSpan(nothing).spanContext()]],
    ['getTracer', () => new trace.TracerProvider().getTracer('x', '1', broken)],
  ];
  for (const [name, call] of calls) it(`${name} does not throw`, () => assert.doesNotThrow(call));

  it('a flush keeps its default deadline', async () => {
    const processor = new trace.BatchSpanProcessor(new trace.InMemorySpanExporter());
    assert.deepEqual(await processor.forceFlush(any(throwing('timeoutMillis'))), {
      exported: 0,
      pending: 0,
      dropped: 0,
    });
  });
});
