import { plainAttributesOf, type ReadSpan } from '../../read-span.ts';
import { readMessagePack } from './msgpack.ts';

/** A span as the agent takes it. */
interface AgentSpan {
  readonly trace_id: bigint;
  readonly span_id: bigint;
  readonly parent_id: bigint;
  readonly name: string;
  readonly start: bigint;
  readonly duration: bigint | number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number | bigint>>;
}

// What the tracer says of itself in every span.
const OWN = /^(_.*|language|runtime-id|service|version|process_id|events)$/;

/** The spans of a request to the agent: traces, which are lists of spans. */
export function read(request: Uint8Array): ReadSpan[] {
  return (readMessagePack(request) as AgentSpan[][]).flat().map(({ meta, metrics, start, duration, ...span }) => ({
    traceId: hex(span.trace_id),
    spanId: hex(span.span_id),
    parentSpanId: span.parent_id === 0n ? '' : hex(span.parent_id),
    name: span.name,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(duration),
    attributes: {
      ...plainAttributesOf(withoutOwn(meta)),
      // There are no booleans: true is 1, and no attribute of the cases is a number that small.
      ...Object.fromEntries(
        Object.entries(plainAttributesOf(withoutOwn(metrics))).map(([key, value]) => [key, value === 1n || value]),
      ),
    },
    events: (JSON.parse(meta.events ?? '[]') as { name: string; attributes: Record<string, unknown> }[]).map(
      ({ name, attributes }) => ({ name, attributes: plainAttributesOf(attributes) }),
    ),
  }));
}

function withoutOwn<Value>(all: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !OWN.test(key)));
}

function hex(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}
