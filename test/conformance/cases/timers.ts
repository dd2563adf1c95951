import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context in timers',
  needs: ['async context'],
  spans: 7,
  async run({ initialize }) {
    initialize();
    await withSpan('outer', async () => {
      await new Promise<void>((resolve) => {
        queueMicrotask(() => {
          startSpan('microtask').end();
          resolve();
        });
      });
      await new Promise<void>((resolve) => {
        setTimeout(() => {
          startSpan('timeout').end();
          setTimeout(() => withSpan('timeout in it', () => resolve()), 2);
        }, 2);
      });
      let count = 0;
      await new Promise<void>((resolve) => {
        const interval = setInterval(() => {
          startSpan('interval').end();
          if (++count < 3) return;
          clearInterval(interval);
          resolve();
        }, 2);
      });
    });
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'outer(microtask, timeout, timeout in it, interval, interval, interval)', 'the trace');
  },
});
