import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import * as api from '@opentelemetry/api';
import fc from 'fast-check';
import {
  BAGGAGE_KEY,
  type Context,
  isTracingSuppressed,
  ROOT_CONTEXT,
  SPAN_KEY,
  setSpan,
  spanIn,
  suppressTracing,
} from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import type { Span } from '../../src/core/span.ts';
import { type ContextStorage, stackStorage } from '../../src/platform/context-storage.ts';
import { Recorder } from './recorder.ts';

const storage = (): ContextStorage => processState.contextStorage;

describe('a context', () => {
  it('is immutable, and returns changed copies', () => {
    const keys = [SPAN_KEY, BAGGAGE_KEY, Symbol('a'), Symbol('b')];
    const step = fc.record({ key: fc.constantFrom(...keys), value: fc.option(fc.nat(9), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let context: Context = ROOT_CONTEXT;
        let foreign: api.Context = api.ROOT_CONTEXT;
        for (const { key, value } of steps) {
          const before = keys.map((each) => context.getValue(each));
          const next = value === undefined ? context.deleteValue(key) : context.setValue(key, value);
          foreign = value === undefined ? foreign.deleteValue(key) : foreign.setValue(key, value);
          assert.deepEqual(
            keys.map((each) => context.getValue(each)),
            before,
          );
          context = next;
        }
        for (const key of keys) {
          assert.equal(context.getValue(key), foreign.getValue(key));
          assert.equal(ROOT_CONTEXT.getValue(key), undefined);
        }
      }),
    );
  });

  it('is read by @opentelemetry/api, and reads its contexts', () => {
    const span = new Recorder().start('s');
    const ours: api.Context = setSpan(ROOT_CONTEXT, span);
    assert.equal(api.trace.getSpan(ours), span);
    assert.equal(api.trace.getSpanContext(ours), span.spanContext());
    const foreign = api.trace.setSpan(api.ROOT_CONTEXT, span);
    assert.equal(spanIn(foreign), span);
    assert.equal(spanIn(api.trace.deleteSpan(ours) as Context), undefined);
    const baggage = api.propagation.createBaggage({ a: { value: '1' } });
    assert.equal(api.propagation.setBaggage(ours, baggage).getValue(BAGGAGE_KEY), baggage);
  });

  it('says whether it suppresses tracing', () => {
    assert.equal(isTracingSuppressed(ROOT_CONTEXT), false);
    assert.equal(isTracingSuppressed(suppressTracing(ROOT_CONTEXT)), true);
  });
});

/** Tests that hold in every storage as long as nothing is awaited. */
function synchronousPart(): void {
  it('is that of the innermost call', () => {
    const [outer, inner] = [ROOT_CONTEXT.setValue(Symbol('o'), 1), ROOT_CONTEXT.setValue(Symbol('i'), 1)];
    assert.equal(storage().getStore(), undefined);
    const result = storage().run(
      outer,
      (a: number, b: number) => {
        storage().run(inner, () => assert.equal(storage().getStore(), inner));
        assert.equal(storage().getStore(), outer);
        return a + b;
      },
      1,
      2,
    );
    assert.equal(result, 3);
    assert.equal(storage().getStore(), undefined);
  });

  it('is restored when a callback throws', () => {
    storage().run(ROOT_CONTEXT, () => {
      assert.throws(() => storage().run(suppressTracing(ROOT_CONTEXT), () => assert.fail('thrown')), /thrown/);
      assert.equal(storage().getStore(), ROOT_CONTEXT);
    });
    assert.equal(storage().getStore(), undefined);
  });

  it('does not leak into a generator that other code drives', () => {
    const recorder = new Recorder();
    const [first, second] = [recorder.start('first'), recorder.start('second')];
    function* parents() {
      for (;;) yield recorder.start('child').parentSpanContext?.spanId;
    }
    const generator = parents();
    assert.equal(
      first.run(() => generator.next().value),
      first.spanContext().spanId,
    );
    assert.equal(
      second.run(() => generator.next().value),
      second.spanContext().spanId,
    );
    assert.equal(generator.next().value, undefined);
  });
}

describe('the active context, with AsyncLocalStorage', () => {
  synchronousPart();

  it('is in use in this process', () => {
    assert.ok(storage() instanceof AsyncLocalStorage);
  });

  it('is kept across awaits and timers, in each of many operations at once', async () => {
    const recorder = new Recorder();
    const operation = async (depth: number): Promise<void> => {
      const span = recorder.start('operation');
      await span.run(async () => {
        const own = () => assert.equal(spanIn(storage().getStore() as Context), span);
        await null;
        own();
        await wait(Math.random() * 3);
        own();
        await new Promise<void>((resolve) => queueMicrotask(resolve));
        own();
        await setImmediate();
        own();
        await new Promise<void>((resolve, reject) => {
          setTimeout(() => {
            try {
              own();
              resolve();
            } catch (error) {
              reject(error);
            }
          });
        });
        if (depth > 0) await Promise.all([operation(depth - 1), operation(depth - 1)]);
        own();
        assert.equal(recorder.start('child').parentSpanContext?.spanId, span.spanContext().spanId);
      });
    };
    await Promise.all(Array.from({ length: 10 }, () => operation(2)));
    assert.equal(storage().getStore(), undefined);
    assert.equal(recorder.started.length, 10 * 7 * 2);
  });

  it('is kept in an async generator that is created and driven within it', async () => {
    const recorder = new Recorder();
    async function* parents() {
      for (let step = 0; step < 3; step++) {
        await wait(1);
        yield recorder.start('child').parentSpanContext?.spanId;
      }
    }
    const consume = async (span: Span) =>
      span.run(async () => {
        for await (const parent of parents()) {
          assert.equal(parent, span.spanContext().spanId);
          assert.equal(spanIn(storage().getStore() as Context), span);
        }
      });
    await Promise.all([consume(recorder.start('first')), consume(recorder.start('second'))]);
    assert.equal(recorder.started.length, 8);
  });
});

describe('the active context, with the synchronous stack', () => {
  const state = processState as { contextStorage: ContextStorage };
  const original = state.contextStorage;
  beforeEach(() => {
    state.contextStorage = stackStorage();
  });
  afterEach(() => {
    state.contextStorage = original;
  });

  synchronousPart();

  it('ends with the synchronous part of a callback, and does not leak into other operations', async () => {
    const recorder = new Recorder();
    const operation = async () => {
      const span = recorder.start('operation');
      assert.equal(span.parentSpanContext, undefined);
      await span.run(async () => {
        assert.equal(spanIn(storage().getStore() as Context), span);
        await wait(Math.random() * 3);
        assert.equal(storage().getStore(), undefined);
        const child = recorder.tracer.startChild('child', undefined, span);
        child.run(() => assert.equal(spanIn(storage().getStore() as Context), child));
      });
    };
    await Promise.all(Array.from({ length: 10 }, operation));
    assert.equal(storage().getStore(), undefined);
  });
});
