import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import type { ReadableSpan } from '../core/span.ts';
import { type BatchingExporter, type ExportOutcome, outcomeOf, type SpanBatch, type SpanExporter } from './exporter.ts';

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
    createBatch: () => new ListBatch(),
    send(batches) {
      const spans = batches.flatMap((batch) => batch.spans);
      const all = spans.length;
      // An exporter that answers at once is answered for at once, so that tests see their spans without an await.
      let outcome: ExportOutcome | undefined;
      let settled: ((outcome: ExportOutcome) => void) | undefined;
      const succeed = () => {
        outcome ??= outcomeOf({ acknowledged: all });
        settled?.(outcome);
      };
      const fail = (error: unknown) => {
        if (outcome === undefined) report('export_failed', `${all} spans: ${messageOf(error)}`, 'error');
        outcome ??= outcomeOf({ dropped: all, reason: 'export_failed' });
        settled?.(outcome);
      };
      try {
        // What an exporter does is never traced: it would export its own exports.
        const returned = processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), () =>
          exporter.export(spans, (result) => (result?.code === 0 ? succeed() : fail(result?.error))),
        );
        if (typeof returned?.then === 'function') returned.then(succeed, fail);
      } catch (error) {
        fail(error);
      }
      return (
        outcome ??
        new Promise((resolve) => {
          settled = resolve;
        })
      );
    },
    shutdown: () => exporter.shutdown?.(),
  };
}
