import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context in stream readers',
  needs: ['async context'],
  spans: 6,
  async run({ initialize }) {
    initialize();
    const read = (name: string, chunks: readonly string[]) => {
      const source = new ReadableStream<string>({
        async start(controller) {
          for (const chunk of chunks) {
            await new Promise((resolve) => setTimeout(resolve, 2));
            controller.enqueue(chunk);
          }
          controller.close();
        },
      });
      const louder = new TransformStream<string, string>({
        transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
      });
      return withSpan(name, async () => {
        const reader = source.pipeThrough(louder).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          startSpan(`${name} ${value}`).end();
        }
      });
    };
    await Promise.all([read('one', ['a', 'b']), read('two', ['c', 'd'])]);
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans.filter(({ name }) => name.startsWith('one'))), 'one(one A, one B)', 'the first trace');
    expectEqual(treeOf(spans.filter(({ name }) => name.startsWith('two'))), 'two(two C, two D)', 'the second trace');
  },
});
