import {
  AlwaysOffSampler,
  type BatchingExporter,
  BatchSpanProcessor,
  getTracer,
  initialize,
  type ReadableSpan,
  type SpanBatch,
  type SpanProcessor,
  shutdown,
  startSpan,
  TracerProvider,
} from '@realtime-ai/trace';
import type { Subject } from '../subject.ts';
import { sinkExporter } from './sink.ts';

const resource = { attributes: { 'service.name': 'bench' } };
const { signal } = new AbortController();

function processor(onEnd: (span: ReadableSpan) => void): SpanProcessor {
  return { onEnd, forceFlush: async () => undefined, shutdown: async () => undefined };
}

/** This package, as built. Spans are encoded as they end. */
export const subject: Subject = {
  name: '@realtime-ai/trace',

  recording() {
    let sent = new Uint8Array();
    const exporter = sinkExporter((body) => {
      sent = body;
    });
    let batch = exporter.createBatch();
    const add = (span: ReadableSpan) => (batch as SpanBatch).add(span);
    const provider = new TracerProvider({ resource, spanProcessors: [processor(add)] });
    return {
      tracer: provider.getTracer('bench', '1.0.0'),
      async drain() {
        const full = batch;
        batch = exporter.createBatch();
        await exporter.send([full], signal);
        return sent;
      },
    };
  },

  unsampled() {
    const spanProcessors = [processor(() => {})];
    return new TracerProvider({ resource, sampler: new AlwaysOffSampler(), spanProcessors }).getTracer('bench');
  },

  silent(how) {
    initialize({ exporterType: 'none' });
    return how === 'direct' ? { startSpan } : getTracer('bench');
  },

  encoder(make) {
    const ended: ReadableSpan[] = [];
    const provider = new TracerProvider({ resource, spanProcessors: [processor((span) => ended.push(span))] });
    make(provider.getTracer('bench', '1.0.0'));
    let sent = new Uint8Array();
    const exporter = sinkExporter((body) => {
      sent = body;
    });
    return async () => {
      const batch = exporter.createBatch();
      for (const span of ended) (batch as SpanBatch).add(span);
      await exporter.send([batch], signal);
      return sent;
    };
  },

  exporting(url) {
    const tracer = initialize({ serviceName: 'bench', exporterType: 'otlp', otlpEndpoint: url, quiet: true });
    return { tracer, close: () => shutdown({ timeoutMillis: 60_000 }) };
  },

  backlogged(gate, isShort) {
    let passed = Promise.resolve();
    const exporter = sinkExporter(() => passed);
    const gated: BatchingExporter = {
      createBatch: () => exporter.createBatch(),
      send(sent, abort) {
        passed = gate.pass(sent.reduce((sum, { spanCount }) => sum + spanCount, 0));
        return exporter.send(sent, abort);
      },
    };
    // Batches wait to be sent together until they hold a sixteenth of the queue.
    const batches = new BatchSpanProcessor(gated, isShort ? { maxQueueSize: 8_000 } : {});
    const provider = new TracerProvider({ resource, spanProcessors: [batches] });
    return { tracer: provider.getTracer('bench', '1.0.0'), close: () => provider.shutdown() };
  },
};
