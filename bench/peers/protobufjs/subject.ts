import { randomBytes } from 'node:crypto';
import type { BenchAttributes, BenchSpan, BenchTracer, Subject } from '../../subject.ts';
import type { Fixed64, KeyValueMessage, RequestMessage, SpanMessage } from './otlp-messages.ts';

/** The part of the generated code that is used here. */
interface StaticCode {
  encode(message: RequestMessage): { finish(): Uint8Array };
}

function attributesOf(attributes: BenchAttributes = {}): KeyValueMessage[] {
  return Object.entries(attributes).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    return { key, value: typeof value === 'number' ? { intValue: value } : { boolValue: value } };
  });
}

function now(): Fixed64 {
  const nanos = BigInt(Date.now()) * 1_000_000n;
  return { low: Number(BigInt.asIntN(32, nanos)), high: Number(nanos >> 32n) };
}

/** Builds messages ahead of time, so that only their encoding is measured. */
function tracerInto(spans: SpanMessage[]): BenchTracer {
  return {
    startSpan(name, options) {
      const events: SpanMessage['events'] = [];
      const attributes = attributesOf(options?.attributes);
      const [traceId, spanId, startTimeUnixNano] = [randomBytes(16), randomBytes(8), now()];
      const span: BenchSpan = {
        setAttribute: (key, value) => attributes.push(...attributesOf({ [key]: value })),
        addEvent: (event, given) => events.push({ timeUnixNano: now(), name: event, attributes: attributesOf(given) }),
        isRecording: () => true,
        spanContext: () => ({ traceId: traceId.toString('hex'), spanId: spanId.toString('hex'), traceFlags: 1 }),
        end() {
          const times = { startTimeUnixNano, endTimeUnixNano: now() };
          spans.push({ traceId, spanId, name, kind: 1, flags: 0x101, ...times, attributes, events });
        },
      };
      return span;
    },
    startActiveSpan: () => notThere(),
  };
}

function notThere(): never {
  throw new Error('protobufjs only encodes');
}

// A dynamic import, because this file is generated when the benchmarks are built.
const generated = new URL('./otlp.mjs', import.meta.url).href;
const { opentelemetry } = (await import(generated)) as {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: StaticCode } } } } };
};
const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;

/** The static code that protobufjs generates for OTLP: an encoder without a tracer. */
export const subject: Subject = {
  name: 'protobufjs, static code',
  recording: notThere,
  unsampled: notThere,
  silent: notThere,
  encoder(make) {
    const spans: SpanMessage[] = [];
    make(tracerInto(spans));
    const resource = { attributes: attributesOf({ 'service.name': 'bench' }) };
    const request = {
      resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench', version: '1.0.0' }, spans }] }],
    };
    return () => ExportTraceServiceRequest.encode(request).finish();
  },
  exporting: notThere,
  backlogged: notThere,
};
