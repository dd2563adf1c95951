import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { baggageIn } from '../../src/propagation/baggage.ts';
import { pageContext } from '../../src/propagation/page-context.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('the context of a page', () => {
  test('is read from the elements that the server wrote', (t) => {
    withElements(t, { traceparent: [traceparent], tracestate: ['vendor=1'], baggage: ['tenant=acme'] });
    const context = pageContext();
    const { traceId, spanId, traceState, isRemote } = spanIn(context)?.spanContext() ?? {};
    assert.deepEqual(
      [traceId, spanId, traceState?.serialize(), isRemote],
      [TRACE_ID, '00f067aa0ba902b7', 'vendor=1', true],
    );
    assert.equal(baggageIn(context)?.getEntry('tenant')?.value, 'acme');
  });

  test('is read by the given propagator', (t) => {
    withElements(t, { traceparent: [traceparent], baggage: ['tenant=acme'] });
    const context = pageContext(new W3CTraceContextPropagator());
    assert.equal(spanIn(context)?.spanContext().traceId, TRACE_ID);
    assert.equal(baggageIn(context), undefined);
  });

  for (const [what, elements] of Object.entries<Record<string, string[]>>({
    'no elements': {},
    'an invalid traceparent': { traceparent: ['00-0-0-01'], tracestate: ['vendor=1'] },
    'an empty one': { traceparent: [''] },
    'two of them': { traceparent: [traceparent, traceparent] },
    'content that is no text': { traceparent: [undefined as never] },
    'a megabyte': { traceparent: [traceparent + '0'.repeat(2 ** 20)] },
  })) {
    test(`is the root context with ${what}`, (t) => {
      withElements(t, elements);
      assert.equal(pageContext(), ROOT_CONTEXT);
    });
  }

  test('is the root context without a page, or if the page or propagator throws', (t) => {
    assert.equal(pageContext(), ROOT_CONTEXT);
    const throwing = () => {
      throw new Error('no');
    };
    Object.assign(globalThis, { document: { querySelectorAll: throwing } });
    t.after(() => Reflect.deleteProperty(globalThis, 'document'));
    assert.equal(pageContext(), ROOT_CONTEXT);
    assert.equal(pageContext({ inject() {}, extract: throwing, fields: () => [] }), ROOT_CONTEXT);
  });
});

/** Simulates a page with these `meta` elements, by name. */
function withElements(t: TestContext, elements: Record<string, string[]>): void {
  const querySelectorAll = (selector: string) => {
    const [, name] = /^meta\[name="(\w+)"\]$/.exec(selector) ?? [];
    return (elements[name ?? ''] ?? []).map((content) => ({ content }));
  };
  Object.assign(globalThis, { document: { querySelectorAll } });
  t.after(() => Reflect.deleteProperty(globalThis, 'document'));
}
