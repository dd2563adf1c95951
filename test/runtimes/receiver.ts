import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Collector, startCollector } from '../oracle/collector.ts';
import { type GrpcCollector, startGrpcCollector } from '../oracle/grpc-collector.ts';
import type { Answer, Arrival, Endpoints, Question, Received } from './inbox.ts';

// A separate process that opens collectors and reports what has arrived there. inbox.ts is its client.

interface Open {
  readonly collector: Collector;
  readonly grpcCollector: GrpcCollector;
  /** Emits `request` for each gRPC request. */
  readonly grpcRequests: EventEmitter;
}

const inboxes = new Map<number, Open>();

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

async function open({ inbox, holdsFirst }: Question): Promise<Endpoints> {
  const collector = await startCollector({
    // For pages, with the headers that the cases send.
    cors: { allowedOrigins: ['*'], allowedHeaders: ['content-type', 'content-encoding', 'authorization'] },
    answer: ({ index }) => (holdsFirst && index === 0 ? new Promise(() => {}) : undefined),
  });
  const grpcRequests = new EventEmitter();
  const grpcCollector = await startGrpcCollector({
    answer() {
      grpcRequests.emit('request');
      return undefined;
    },
  });
  inboxes.set(inbox, { collector, grpcCollector, grpcRequests });
  return { endpoint: collector.url, grpcEndpoint: grpcCollector.url };
}

/** Waits for this many requests with spans, or this many distinct spans, or until the time-out. */
async function arrived({ inbox, requests = 0, spans = 0, patienceMillis, isLast }: Question): Promise<Arrival> {
  const { collector, grpcCollector, grpcRequests } = inboxes.get(inbox) as Open;
  const timeIsUp = delay(patienceMillis, true);
  for (;;) {
    const received: Received[] = [
      ...collector.requests.map(({ headers, spans, problem, path }) => ({ headers, spans, problem, path })),
      ...grpcCollector.requests.map(({ metadata, spans }) => ({ headers: metadata as Received['headers'], spans })),
    ];
    const ids = new Set(received.flatMap((request) => request.spans.map(({ traceId, spanId }) => traceId + spanId)));
    const isComplete = received.length >= requests && ids.size >= spans;
    const another = () =>
      Promise.race([collector.received(collector.requests.length + 1), once(grpcRequests, 'request')]);
    if (isComplete || (await Promise.race([another(), timeIsUp])) === true) {
      if (isLast) {
        await collector.close();
        grpcCollector.close();
      }
      return { requests: received };
    }
  }
}
