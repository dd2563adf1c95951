import { BatchSpanProcessor } from './batch.ts';
import type { BatchingExporter, SpanExporter } from './exporter.ts';

/**
 * Exports each span as it ends, in a request of its own, one request at a time. For tests and for debugging.
 *
 * Specification: OpenTelemetry Trace SDK, "Simple processor".
 */
export class SimpleSpanProcessor extends BatchSpanProcessor {
  constructor(exporter: SpanExporter | BatchingExporter) {
    // A request takes at least one batch, so a bound of 1 byte means one span per request.
    super(exporter, { maxExportBatchSize: 1, maxRequestBytes: 1 });
  }
}
