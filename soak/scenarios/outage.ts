import type { Scenario } from '../scenario.ts';
import { MEBIBYTE, megabytes } from '../stage.ts';

const SPANS_A_SECOND = 50_000;
// The default. Spans of this number and size exceed it.
const MAX_QUEUE_BYTES = 16 * MEBIBYTE;
// Makes a batch of 512 spans slightly larger than a power of two. Buffers grow to powers of two.
const TEXT_LENGTH = 110;

export const outage: Scenario = {
  name: 'outage',
  what: 'the collector goes down and comes back, at 50,000 spans/s',
  share: 0.3,
  async run(stage, seconds) {
    const server = await stage.server({ checkEvery: 50 });
    const producer = await stage.producer({ url: server.url, textLength: TEXT_LENGTH });
    await stage.warm(producer, SPANS_A_SECOND, 0.25 * seconds);
    await server.close();
    await stage.wait(0.45 * seconds);
    const away = await producer.measure();
    stage.complain(away);
    const { rss, buffers } = stage.growth(away);
    stage.require(rss < MAX_QUEUE_BYTES + 32 * MEBIBYTE, `rss grew by ${megabytes(rss)}`);
    stage.require(buffers < 1.5 * MAX_QUEUE_BYTES, `buffers grew by ${megabytes(buffers)}`);
    Object.assign(stage.figures, { 'rss +': megabytes(rss), 'buffers +': megabytes(buffers) });
    await server.listen();
    await stage.wait(0.3 * seconds);
    const { ended, dropped } = await stage.conclude(server, producer, { dropped: ['queue_full'] });
    stage.require(dropped.queue_full !== undefined, 'the queue was never full');
    stage.require(ended > (seconds * SPANS_A_SECOND) / 3, `only ${ended} spans, less than a third of the load`);
  },
};
