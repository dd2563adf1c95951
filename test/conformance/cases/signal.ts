import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Flush at SIGTERM',
  needs: ['signals'],
  spans: 2,
  fate: 'ended by a signal',
  async run({ initialize }) {
    initialize();
    // What the process would otherwise go on with.
    setInterval(() => {}, 60_000);
    withSpan('answer', () => startSpan('below').end());
    // Signals are listened for from the next turn on.
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'answer(below)', 'the trace');
  },
});
