import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectTrue } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context in async generators',
  needs: ['async context'],
  spans: 8,
  async run({ initialize }) {
    initialize();
    await withSpan('reader', async () => {
      const tokens = withSpan('tokens', async function* () {
        for (const token of ['a', 'b', 'c']) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          startSpan(`made ${token}`).end();
          yield token;
        }
      });
      for await (const token of tokens) startSpan(`read ${token}`).end();
    });
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'reader(tokens(made a, made b, made c), read a, read b, read c)', 'the trace');
    const end = (name: string) => spans.find((span) => span.name === name)?.endTimeUnixNano ?? 0n;
    expectTrue(end('tokens') >= end('read c'), 'the span of the generator ended before the generator');
  },
});
