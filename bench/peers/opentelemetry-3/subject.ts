import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Subject } from '../../subject.ts';

const resource = resourceFromAttributes({ 'service.name': 'bench' });

function processor(onEnd: (span: ReadableSpan) => void): SpanProcessor {
  return { onStart: () => {}, onEnd, forceFlush: async () => {}, shutdown: async () => {} };
}

function useAsyncContext(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** OpenTelemetry JS 3.x: keeps ended spans and serializes them later. */
export const subject: Subject = {
  name: 'OpenTelemetry JS 3.1',

  recording({ active = false } = {}) {
    if (active) useAsyncContext();
    let ended: ReadableSpan[] = [];
    const spanProcessors = [processor((span) => ended.push(span))];
    return {
      tracer: new TracerProvider({ resource, spanProcessors }).getTracer('bench', '1.0.0'),
      drain() {
        const spans = ended;
        ended = [];
        return ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
      },
    };
  },

  unsampled() {
    const spanProcessors = [processor(() => {})];
    return new TracerProvider({ resource, sampler: new AlwaysOffSampler(), spanProcessors }).getTracer('bench');
  },

  silent: () => trace.getTracer('bench'),

  encoder(make) {
    const ended: ReadableSpan[] = [];
    const provider = new TracerProvider({ resource, spanProcessors: [processor((span) => ended.push(span))] });
    make(provider.getTracer('bench', '1.0.0'));
    return () => ProtobufTraceSerializer.serializeRequest(ended) as Uint8Array;
  },

  exporting(url) {
    useAsyncContext();
    const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter })] });
    return { tracer: provider.getTracer('bench', '1.0.0'), close: () => provider.shutdown() };
  },

  backlogged(gate) {
    const exporter: SpanExporter = {
      export(spans, done) {
        ProtobufTraceSerializer.serializeRequest(spans);
        void gate.pass(spans.length).then(() => done({ code: 0 }));
      },
      shutdown: async () => {},
    };
    const batches = new BatchSpanProcessor({ exporter, maxQueueSize: 65_536 });
    const provider = new TracerProvider({ resource, spanProcessors: [batches] });
    return { tracer: provider.getTracer('bench', '1.0.0'), close: () => provider.shutdown() };
  },
};
