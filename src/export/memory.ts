import type { ReadableSpan } from '../core/span.ts';
import type { ExportResult, SpanExporter } from './exporter.ts';

/** Keeps spans in memory, for tests. */
export class InMemorySpanExporter implements SpanExporter {
  private spans: ReadableSpan[] = [];

  /** The spans exported so far, in the order in which they ended. */
  getFinishedSpans(): ReadableSpan[] {
    return [...this.spans];
  }

  /** Forgets them. */
  reset(): void {
    this.spans = [];
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.spans.push(...spans);
    resultCallback({ code: 0 });
  }

  /** Forgets the spans. */
  async shutdown(): Promise<void> {
    this.reset();
  }
}
