import { forceFlush, startSpan, stats } from '@realtime-ai/trace';
import { defineCase } from '../case.ts';
import { expectEqual } from '../expectation.ts';

let requests = 0;
let ticks = 0;

export default defineCase({
  title: 'Flush after a request was cancelled during export',
  needs: ['cancellation'],
  spans: 3,
  fate: 'its first request is cancelled',
  async run({ initialize, waitUntil }) {
    if (requests++ === 0) {
      setInterval(() => ticks++, 5);
      initialize();
      startSpan('first').end();
      startSpan('second').end();
      // The receiver does not answer this export, and then the client disconnects.
      await forceFlush();
      return;
    }
    const before = ticks;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expectEqual(ticks, before, 'ticks of a timer of the request that is gone');
    startSpan('of the next request').end();
    const flushed = forceFlush();
    waitUntil?.(flushed);
    expectEqual((await flushed).exported, 1, 'spans that the flush has sent');
    expectEqual(stats()?.pending, 2, 'spans on their way in the request that is gone');
  },
  check({ requests, spans }) {
    expectEqual(
      requests.map((request) => request.spans.length),
      [2, 1],
      'spans of each export',
    );
    expectEqual(
      spans.map(({ name }) => name),
      ['first', 'second', 'of the next request'],
      'the spans',
    );
  },
});
