import { forceFlush, startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Flush at the end (process, request, page)',
  needs: ['end'],
  spans: 3,
  async run({ initialize, waitUntil }) {
    initialize();
    withSpan('answer', () => startSpan('below').end());
    // A request flushes on its own, after its response and the spans that end until then.
    waitUntil?.(
      new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => {
        startSpan('late').end();
        return forceFlush();
      }),
    );
    if (waitUntil === undefined) startSpan('late').end();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'answer(below) late', 'the traces');
  },
});
