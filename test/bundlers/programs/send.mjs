// The smallest set-up that sends spans: what it does not use should not be in a bundle of it.
import { BatchSpanProcessor, OtlpHttpExporter, TracerProvider } from '@realtime-ai/trace';

globalThis.main = async (url) => {
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url }));
  const provider = new TracerProvider({ spanProcessors: [processor] });
  provider.getTracer('bundle').startSpan('sent').end();
  await processor.shutdown();
  return processor.stats();
};
