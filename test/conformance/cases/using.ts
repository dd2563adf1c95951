import { startSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectThrows } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: '`using`',
  needs: ['using'],
  spans: 3,
  async run({ initialize }) {
    initialize();
    const scoped = () => {
      using outer = startSpan('outer');
      using inner = startSpan('inner', { parent: outer });
      inner.setAttribute('is', outer.isRecording());
      throw new Error('which leaves the scope');
    };
    expectThrows(scoped, 'which leaves the scope');
    {
      using span = startSpan('awaited');
      await Promise.resolve();
      span.setAttribute('is', span.isRecording());
    }
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'outer(inner) awaited', 'the traces');
    const marked = spans.filter(({ attributes }) => attributes.is === true).map(({ name }) => name);
    expectEqual(marked, ['inner', 'awaited'], 'those that were recording when they were asked');
  },
});
