import { BatchSpanProcessor } from './batch.ts';
import type { BatchingExporter, SpanExporter } from './exporter.ts';

/**
 * Exports each span as it ends, in a request of its own, one after the other: for tests and for debugging.
 *
 * Specification: OpenTelemetry Trace SDK, "Simple processor".
 */
export class SimpleSpanProcessor extends BatchSpanProcessor {
  constructor(exporter: SpanExporter | BatchingExporter) {
    // A request takes one batch at least, so that this many bytes means one span a request.
    super(exporter, { maxExportBatchSize: 1, maxRequestBytes: 1 });
  }
}
