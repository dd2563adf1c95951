import { type Config, SpanKind, SpanStatusCode, startSpan } from '@realtime-ai/trace';
import { type Aftermath, type Surroundings, shutDown } from './case.ts';
import { expectEqual, expectTrue } from './expectation.ts';

/** Before the end, only full batches are sent. */
export const BATCHING = { maxExportBatchSize: 8, scheduledDelayMillis: 60_000 };

/** The number of spans that {@link sendBatches} ends. The last batch is not full. */
export const BATCHED_SPANS = 20 * BATCHING.maxExportBatchSize + 1;

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TEXT = 'Grüße, 世界 👋';

/** Ends spans that use every feature, and sends them. */
export async function sendBatches({ initialize }: Surroundings, config: Config): Promise<void> {
  initialize({ ...config, batch: BATCHING });
  for (let index = 0; index < BATCHED_SPANS; index++) {
    const span = startSpan(`span ${index}`, {
      kind: SpanKind.CLIENT,
      parent: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true },
      startTime: [1_700_000_000 + index, 123_456_789],
      attributes: { index, text: TEXT, half: 0.5, yes: true, list: ['a', 'b'], counts: [1, 2, 3] },
      links: [{ context: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 }, attributes: { why: 'a link' } }],
    });
    span.addEvent('llm.first_token', { 'token.index': index }, [1_700_000_000 + index, 123_456_790]);
    span.setStatus({ code: SpanStatusCode.ERROR, message: TEXT });
    span.end([1_700_000_001 + index, 987_654_321]);
  }
  await shutDown();
}

/** Compares what arrived with what {@link sendBatches} has sent. */
export function checkBatches({ requests, spans }: Aftermath<unknown>, headers: Record<string, string | undefined>) {
  expectTrue(requests.length > 1, 'all spans came in one request');
  for (const request of requests) {
    for (const [name, value] of Object.entries(headers)) expectEqual(request.headers[name], value, name);
  }
  const inOrder = [...spans].sort((one, other) => Number(one.startTimeUnixNano - other.startTimeUnixNano));
  for (const [index, span] of inOrder.entries()) {
    const start = BigInt(1_700_000_000 + index) * 1_000_000_000n;
    const { name, kind, traceId, parentSpanId, attributes, events, links, status } = span;
    expectEqual([name, kind, traceId, parentSpanId], [`span ${index}`, 3, TRACE_ID, SPAN_ID], 'the span');
    expectEqual(
      [span.startTimeUnixNano, span.endTimeUnixNano],
      [start + 123_456_789n, start + 1_987_654_321n],
      'its times',
    );
    expectEqual(
      attributes,
      { index: BigInt(index), text: TEXT, half: 0.5, yes: true, list: ['a', 'b'], counts: [1n, 2n, 3n] },
      'its attributes',
    );
    expectEqual(
      events.map((event) => [event.name, event.timeUnixNano, event.attributes]),
      [['llm.first_token', start + 123_456_790n, { 'token.index': BigInt(index) }]],
      'its events',
    );
    expectEqual(
      links.map((link) => [link.traceId, link.spanId, link.attributes]),
      [[TRACE_ID, SPAN_ID, { why: 'a link' }]],
      'its links',
    );
    expectEqual(status, { code: 2, message: TEXT }, 'its status');
  }
}
