import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { baggageIn, W3CBaggagePropagator } from '../../src/propagation/baggage.ts';
import { CompositePropagator } from '../../src/propagation/composite.ts';
import type { TextMapPropagator } from '../../src/propagation/propagator.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { diagnosticLog } from '../core/diagnostic-log.ts';

const key = Symbol('what a named propagator read');

function named(name: string): TextMapPropagator {
  return {
    inject: (_, carrier, setter) => setter.set(carrier, 'last', name),
    extract: (context, carrier, getter) =>
      context.setValue(key, `${context.getValue(key) ?? ''}${name}${getter.get(carrier, 'from')}`),
    fields: () => ['last', name],
  };
}

const throws = (): never => {
  throw new Error('no luck');
};
const broken: TextMapPropagator = { inject: throws, extract: throws, fields: throws };

const carrier = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
  tracestate: 'congo=t61rcWkgMzE',
  baggage: 'userId=alice',
};

const diagnostics = diagnosticLog();

function throughAndBack(propagator: TextMapPropagator): Context {
  const context = propagator.extract(ROOT_CONTEXT, carrier, {
    keys: Object.keys as () => string[],
    get: (from, name) => (from as Record<string, string>)[name],
  });
  const onward = {};
  propagator.inject(context, onward, {
    set: (to, name, value) => {
      (to as Record<string, string>)[name] = value;
    },
  });
  assert.deepEqual(onward, carrier);
  return context;
}

describe('the composite propagator', () => {
  it('propagates what each of its propagators propagates', () => {
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    const context = throughAndBack(new CompositePropagator({ propagators }));
    assert.equal(spanIn(context)?.spanContext().spanId, 'b7ad6b7169203331');
    assert.equal(baggageIn(context)?.getEntry('userId')?.value, 'alice');
  });

  it('calls them in order', () => {
    const composite = new CompositePropagator({ propagators: [named('a'), named('b')] });
    const onward = {};
    composite.inject(ROOT_CONTEXT, onward);
    assert.deepEqual(onward, { last: 'b' });
    assert.equal(composite.extract(ROOT_CONTEXT, { from: '!' }).getValue(key), 'a!b!');
  });

  it('lists the fields of all of them once', () => {
    assert.deepEqual(new CompositePropagator({ propagators: [named('a'), named('b')] }).fields(), ['last', 'a', 'b']);
  });

  it('continues if one throws, and reports it', () => {
    const propagators = [broken, new W3CTraceContextPropagator(), broken, new W3CBaggagePropagator(), broken];
    const composite = new CompositePropagator({ propagators });
    throughAndBack(composite);
    assert.deepEqual(composite.fields(), ['traceparent', 'tracestate', 'baggage']);
    assert.deepEqual(
      diagnostics.map(({ code, message }) => [code, message]),
      [['propagator_failed', 'propagator_failed: no luck: a propagator failed; the others still ran']],
    );
  });

  it('does nothing without propagators', () => {
    for (const composite of [
      new CompositePropagator(),
      new CompositePropagator({}),
      new CompositePropagator({ propagators: [] }),
    ]) {
      assert.equal(composite.extract(ROOT_CONTEXT, carrier), ROOT_CONTEXT);
      assert.deepEqual(composite.fields(), []);
    }
  });

  it('copies the given list', () => {
    const propagators = [named('a')];
    const composite = new CompositePropagator({ propagators });
    propagators.push(named('b'));
    assert.deepEqual(composite.fields(), ['last', 'a']);
  });
});
