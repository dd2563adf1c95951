import { withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectThrows } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';
import required from './required.cjs';

export default defineCase({
  title: '`require` together with `import`',
  spans: 3,
  async run({ initialize }) {
    initialize();
    expectThrows(() => required.initialize(), 'already initialized');
    withSpan('imported', () => required.withSpan('required', () => withSpan('imported again', () => {})));
    expectEqual(required.stats()?.ended, 3, 'the counters of the other copy');
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'imported(required(imported again))', 'the trace');
  },
});
