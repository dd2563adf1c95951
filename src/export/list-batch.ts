import { messageOf } from '../core/exception.ts';
import { read } from '../core/property.ts';
import type { ReadableSpan } from '../core/span.ts';
import type { BatchingExporter, ExportOutcome, ExportResult, SpanBatch, SpanExporter } from './exporter.ts';

// The memory of a span object with a few attributes, measured on Node 20. Objects have no exact size.
const ASSUMED_SPAN_BYTES = 512;

/** A batch that is a list of spans, for exporters that take spans. */
export class ListBatch implements SpanBatch {
  readonly spans: ReadableSpan[] = [];
  spanCount = 0;
  byteLength = 0;

  add(span: ReadableSpan): void {
    this.spanCount = this.spans.push(span);
    this.byteLength += ASSUMED_SPAN_BYTES;
  }
}

/** Adapts an exporter that takes spans to one that takes batches. */
export function listExporter(exporter: SpanExporter): BatchingExporter<ListBatch> {
  return {
    isOneByOne: true,
    createBatch: () => new ListBatch(),
    send(batches) {
      const spans = batches.flatMap((batch) => batch.spans);
      const { length } = spans;
      // If the exporter answers synchronously, so does `send`: tests then see their spans without an await.
      let outcome: ExportOutcome | undefined;
      const answer = new Promise<ExportOutcome>((resolve) => {
        const settle = (result?: ExportResult) => {
          outcome ??=
            read(result, 'code') === 0
              ? { acknowledged: length }
              : { dropped: length, why: messageOf(read(result, 'error')) };
          resolve(outcome);
        };
        const fail = (error: Error) => settle({ code: 1, error });
        // The promise of an async function that takes a callback does not say that the export is done.
        const succeed = () => {
          if (exporter.export.length < 2) settle({ code: 0 });
        };
        try {
          exporter.export(spans, settle)?.then?.(succeed, fail);
        } catch (error) {
          fail(error as Error);
        }
      });
      return outcome ?? answer;
    },
    forceFlush: exporter.forceFlush && (() => exporter.forceFlush?.()),
    shutdown: () => exporter.shutdown?.(),
  };
}
