/** "provider, batching, OTLP over HTTP": the smallest setup that sends spans to a collector. */
export const OWN_BUNDLE = `
  import { BatchSpanProcessor, OtlpHttpExporter, TracerProvider } from '@realtime-ai/trace';
  const exporter = new OtlpHttpExporter({ url: 'https://collector.example/v1/traces' });
  const provider = new TracerProvider({
    resource: { attributes: { 'service.name': 'page' } },
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.getTracer('page').startSpan('first').end();
`;
