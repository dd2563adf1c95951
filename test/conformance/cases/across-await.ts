import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context across `await`',
  needs: ['async context'],
  spans: 8,
  async run({ initialize }) {
    initialize();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const talk = (name: string) =>
      withSpan(name, async () => {
        await pause();
        await withSpan(`${name}: asked`, async () => {
          await pause();
          startSpan(`${name}: heard`).end();
        });
        await pause();
        startSpan(`${name}: answered`).end();
      });
    // Each conversation keeps its own context.
    await Promise.all([talk('one'), talk('two')]);
    await shutDown();
  },
  check({ spans }) {
    for (const name of ['one', 'two']) {
      const own = spans.filter((span) => span.name.startsWith(name));
      expectEqual(treeOf(own), `${name}(${name}: asked(${name}: heard), ${name}: answered)`, 'the trace');
    }
  },
});
