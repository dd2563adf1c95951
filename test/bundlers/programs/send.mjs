// The smallest setup that sends spans. Its bundle should contain nothing that it does not use.
import { BatchSpanProcessor, OtlpHttpExporter, TracerProvider } from '@realtime-ai/trace';

globalThis.main = async (url) => {
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url }));
  const provider = new TracerProvider({ spanProcessors: [processor] });
  provider.getTracer('bundle').startSpan('sent').end();
  await processor.shutdown();
  return processor.stats();
};
