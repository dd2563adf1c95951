import { startSpan, stats } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';

const COUNT = 10_000;

export default defineCase({
  title: '10,000 spans, none lost',
  spans: COUNT,
  async run({ initialize }) {
    initialize();
    for (let index = 0; index < COUNT; index++) startSpan('span', { attributes: { index } }).end();
    await shutDown();
    const { ended, acknowledged } = stats() ?? {};
    expectEqual([ended, acknowledged], [COUNT, COUNT], 'ended and acknowledged');
  },
  check({ spans }) {
    const indices = new Set(spans.map(({ attributes }) => attributes.index));
    expectEqual(indices.size, COUNT, 'different spans');
  },
});
