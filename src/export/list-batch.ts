import { messageOf } from '../core/exception.ts';
import { read } from '../core/property.ts';
import type { ReadableSpan } from '../core/span.ts';
import {
  type BatchingExporter,
  type ExportOutcome,
  type ExportResult,
  type SpanBatch,
  type SpanExporter,
  untraced,
} from './exporter.ts';

// What a span object with a few attributes takes, measured on Node 20; there is no exact figure for objects.
const ASSUMED_SPAN_BYTES = 512;

/** A batch that is a list, for exporters that take spans. */
export class ListBatch implements SpanBatch {
  readonly spans: ReadableSpan[] = [];
  spanCount = 0;
  byteLength = 0;

  add(span: ReadableSpan): void {
    this.spanCount = this.spans.push(span);
    this.byteLength += ASSUMED_SPAN_BYTES;
  }
}

/** An exporter that takes spans, as one that takes batches. */
export function listExporter(exporter: SpanExporter): BatchingExporter<ListBatch> {
  return {
    isOneByOne: true,
    createBatch: () => new ListBatch(),
    send(batches) {
      const spans = batches.flatMap((batch) => batch.spans);
      const { length } = spans;
      // An exporter that answers at once is answered for at once, so that tests see their spans without an await.
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
        // That of an async function which calls back says nothing but that it has begun.
        const succeed = () => {
          if (exporter.export.length < 2) settle({ code: 0 });
        };
        try {
          untraced(() => exporter.export(spans, settle))?.then?.(succeed, fail);
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
