import { BatchSpanProcessor, JsonEncoding, OtlpHttpExporter } from '@realtime-ai/trace';
import { BATCHED_SPANS, BATCHING, checkBatches, sendBatches } from '../batches.ts';
import { defineCase } from '../case.ts';

export default defineCase({
  title: 'Batches in JSON',
  spans: BATCHED_SPANS,
  run: (surroundings) => {
    const { language, endpoint } = surroundings;
    if (language === 'nodejs') return sendBatches(surroundings, { otlpProtocol: 'http/json' });
    // In pages, JSON is a part that must be requested.
    const exporter = new OtlpHttpExporter({ url: `${endpoint}/v1/traces`, encoding: new JsonEncoding() });
    const spanProcessors = [new BatchSpanProcessor(exporter, BATCHING)];
    return sendBatches(surroundings, { exporterType: 'none', spanProcessors });
  },
  check: (aftermath) => checkBatches(aftermath, { 'content-type': 'application/json', 'content-encoding': undefined }),
});
