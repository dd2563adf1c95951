import { plainAttributesOf, type ReadSpan } from '../../read-span.ts';
import { readMessagePack } from './msgpack.ts';

/** A span in the agent's format. */
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

// The fields that the tracer adds to every span.
const OWN = /^(_.*|language|runtime-id|service|version|process_id|events)$/;

/** Returns the spans of a request to the agent, which is a list of traces, which are lists of spans. */
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
      // There are no booleans: true is 1. No case has an attribute whose value is the number 1.
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
