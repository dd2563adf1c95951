import { setTimeout as delay } from 'node:timers/promises';
import { type Collector, startCollector } from '../oracle/collector.ts';
import type { Answer, Arrival, Question } from './inbox.ts';

// A process by itself, which opens collectors for others and says what has arrived there; inbox.ts talks to it.

const collectors = new Map<number, Collector>();

process.on('message', async (question: Question) => {
  const { id, command } = question;
  let answer: Answer;
  try {
    answer = { id, result: await (command === 'open' ? open(question) : arrived(question)) };
  } catch (error) {
    answer = { id, error: String(error) };
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());

async function open({ inbox, holdsFirst }: Question): Promise<string> {
  const collector = await startCollector({
    // For pages, and as much as the cases send.
    cors: { allowedOrigins: ['*'], allowedHeaders: ['content-type', 'content-encoding', 'authorization'] },
    answer: ({ index }) => (holdsFirst && index === 0 ? new Promise(() => {}) : undefined),
  });
  collectors.set(inbox, collector);
  return collector.url;
}

/** Waits for so many requests with spans, or so many different spans, or until the time is up. */
async function arrived({ inbox, requests = 0, spans = 0, patienceMillis, isLast }: Question): Promise<Arrival> {
  const collector = collectors.get(inbox) as Collector;
  const timeIsUp = delay(patienceMillis, true);
  for (;;) {
    const ids = new Set(
      collector.requests.flatMap((request) => request.spans.map(({ traceId, spanId }) => traceId + spanId)),
    );
    const isComplete = collector.requests.length >= requests && ids.size >= spans;
    if (isComplete || (await Promise.race([collector.received(collector.requests.length + 1), timeIsUp])) === true) {
      if (isLast) await collector.close();
      return {
        requests: collector.requests.map((request) => ({
          ...request,
          body: undefined,
          content: undefined,
          message: undefined,
        })),
      };
    }
  }
}
