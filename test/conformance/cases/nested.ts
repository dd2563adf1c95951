import { spanFromContext, startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectThrows } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Nested spans',
  spans: 5,
  async run({ initialize }) {
    initialize();
    withSpan('outer', (outer) => {
      withSpan('inner', () => startSpan('innermost').end());
      const failing = () =>
        withSpan('failing', () => {
          throw new TypeError('as it should');
        });
      expectThrows(failing, 'as it should');
      expectEqual(spanFromContext() === outer, true, 'the outer span is active again');
      startSpan('last').end();
    });
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'outer(inner(innermost), failing, last)', 'the trace');
    const failing = spans.find(({ name }) => name === 'failing');
    expectEqual(failing?.status, { code: 2, message: 'as it should' }, 'the status');
    expectEqual(failing?.events[0]?.attributes['exception.type'], 'TypeError', 'the type of the exception');
  },
});
