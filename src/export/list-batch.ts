import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { processState } from '../core/process-state.ts';
import type { ReadableSpan } from '../core/span.ts';
import {
  allAcknowledged,
  allDropped,
  type BatchingExporter,
  type ExportOutcome,
  type SpanBatch,
  type SpanExporter,
} from './exporter.ts';

// What a span object with a few attributes takes, measured on Node 20; there is no exact figure for objects.
const ASSUMED_SPAN_BYTES = 512;

/** A batch that is a list, for exporters that take spans. */
export class ListBatch implements SpanBatch {
  readonly spans: ReadableSpan[] = [];

  get spanCount(): number {
    return this.spans.length;
  }

  get byteLength(): number {
    return this.spans.length * ASSUMED_SPAN_BYTES;
  }

  add(span: ReadableSpan): void {
    this.spans.push(span);
  }
}

/** An exporter that takes spans, as one that takes batches. */
export function listExporter(exporter: SpanExporter): BatchingExporter<ListBatch> {
  // What an exporter does is never traced: it would export its own exports.
  const context = suppressTracing(ROOT_CONTEXT);
  return {
    createBatch: () => new ListBatch(),
    send(batches) {
      const spans = batches.length === 1 ? batches[0].spans : batches.flatMap((batch) => batch.spans);
      // An exporter that answers at once is answered for at once, so that tests see their spans without an await.
      let outcome: ExportOutcome | undefined;
      let resolveLater: ((outcome: ExportOutcome) => void) | undefined;
      const settle = (error?: { cause: unknown }) => {
        if (outcome !== undefined) return;
        if (error !== undefined) {
          report(
            'export_failed',
            `the exporter failed, ${spans.length} spans are dropped: ${messageOf(error.cause)}`,
            'error',
          );
        }
        outcome = error === undefined ? allAcknowledged(spans.length) : allDropped(spans.length, 'export_failed');
        resolveLater?.(outcome);
      };
      try {
        const returned = processState.contextStorage.run(context, () =>
          exporter.export(spans, (result) => settle(result?.code === 0 ? undefined : { cause: result?.error })),
        );
        if (typeof returned?.then === 'function') {
          returned.then(
            () => settle(),
            (cause: unknown) => settle({ cause }),
          );
        }
      } catch (cause) {
        settle({ cause });
      }
      return (
        outcome ??
        new Promise((resolve) => {
          resolveLater = resolve;
        })
      );
    },
    shutdown: () => exporter.shutdown?.(),
  };
}
