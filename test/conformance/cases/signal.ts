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
    // Without a signal, this would keep the process alive.
    setInterval(() => {}, 60_000);
    withSpan('answer', () => startSpan('below').end());
    // Signal handlers are added in the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'answer(below)', 'the trace');
  },
});
