import assert from 'node:assert/strict';
import { plainAttributesOf, type ReadSpan } from '../../read-span.ts';

/** A span in an envelope of Sentry's span streaming. Times are in seconds. */
interface StreamedSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly name: string;
  readonly start_timestamp: number;
  readonly end_timestamp: number;
  readonly attributes: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Returns the spans of an envelope: a line of headers, then for each item a line of headers and a line of content. */
export function read(envelope: Uint8Array): ReadSpan[] {
  const lines = new TextDecoder('utf-8', { fatal: true }).decode(envelope).trimEnd().split('\n');
  assert.equal(lines.length, 3, 'an envelope with one item');
  const [, { type, item_count }, { items }] = lines.map((line) => JSON.parse(line)) as [
    unknown,
    { type: string; item_count: number },
    { items: StreamedSpan[] },
  ];
  assert.deepEqual([type, item_count], ['span', items.length]);
  return items.map((span) => ({
    traceId: span.trace_id,
    spanId: span.span_id,
    parentSpanId: span.parent_span_id ?? '',
    name: span.name,
    startTimeUnixNano: nanosOf(span.start_timestamp),
    endTimeUnixNano: nanosOf(span.end_timestamp),
    attributes: plainAttributesOf(
      Object.fromEntries(
        Object.entries(span.attributes)
          // Sentry adds these attributes for its server.
          .filter(([key]) => !key.startsWith('sentry.'))
          .map(([key, { value }]) => [key, value]),
      ),
    ),
    events: undefined,
  }));
}

function nanosOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1_000n;
}
