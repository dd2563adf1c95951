import { OtlpHttpExporter, type SpanBatch, TracerProvider } from '../dist/index.js';
import type { Subject } from './subject.ts';

/** This package, as it is built: spans are encoded as they end, `drain` closes the request. */
export function realtimeAi(): Subject {
  let sent = new Uint8Array();
  const exporter = new OtlpHttpExporter({
    fetch: async (_url, { body }) => {
      sent = body;
      return new Response(null, { status: 200 });
    },
  });
  let batch: SpanBatch = exporter.createBatch();
  const provider = new TracerProvider({
    resource: { attributes: { 'service.name': 'bench' } },
    spanProcessors: [
      { onEnd: (span) => batch.add(span), forceFlush: async () => undefined, shutdown: async () => undefined },
    ],
  });
  const { signal } = new AbortController();
  return {
    name: '@realtime-ai/trace',
    tracer: provider.getTracer('bench', '1.0.0'),
    async drain() {
      const full = batch as ReturnType<typeof exporter.createBatch>;
      batch = exporter.createBatch();
      await exporter.send([full], signal);
      return sent;
    },
  };
}
