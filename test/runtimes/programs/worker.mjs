// A Worker that ends and sends spans, depending on the path. Its exporter outlives requests.
import { BatchSpanProcessor, OtlpHttpExporter, TracerProvider } from '@realtime-ai/trace';

let processor;
let tracer;

export default {
  async fetch(request, { url, exportTimeoutMillis }, context) {
    processor ??= new BatchSpanProcessor(new OtlpHttpExporter({ url }), {
      maxExportBatchSize: 4,
      exportTimeoutMillis,
    });
    tracer ??= new TracerProvider({ spanProcessors: [processor] }).getTracer('worker');
    const { pathname, searchParams } = new URL(request.url);
    for (let count = Number(searchParams.get('spans')); count > 0; count--) tracer.startSpan('work').end();
    if (pathname === '/flush') await processor.forceFlush();
    if (pathname === '/wait') context.waitUntil(processor.forceFlush());
    if (pathname === '/shutdown') await processor.shutdown({ timeoutMillis: 1_000 });
    return Response.json(processor.stats());
  },
};
