import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context in promises',
  needs: ['async context'],
  spans: 9,
  async run({ initialize }) {
    initialize();
    // A promise that one span settles and another awaits.
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const waiting = withSpan('waiting', async () => {
      await opened;
      startSpan('waited').end();
    });
    // Some runtimes have a clock with a resolution of a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await withSpan('opening', async () => {
      await Promise.resolve();
      open();
    });
    await waiting;
    await withSpan('outer', () =>
      Promise.reject(new Error('expected'))
        .catch(() => startSpan('caught').end())
        .finally(() => startSpan('finally').end())
        .then(() => Promise.all(['first', 'second'].map((name) => withSpan(name, () => Promise.resolve(name)))))
        .then(() => startSpan('then').end()),
    );
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'waiting(waited) opening outer(caught, finally, first, second, then)', 'the traces');
  },
});
