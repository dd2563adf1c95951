import type { FlushResult } from '../../../src/core/processor.ts';
import type { BatchSpanProcessor } from '../../../src/export/batch.ts';
import type { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';

/** What becomes of all that is pending, without the pauses between attempts: each flush takes one. */
export async function hurried(processor: BatchSpanProcessor): Promise<FlushResult> {
  let [exported, dropped] = [0, 0];
  for (;;) {
    const flushed = await processor.forceFlush();
    exported += flushed.exported;
    dropped += flushed.dropped;
    if (flushed.pending === 0) return { exported, pending: 0, dropped };
  }
}

/** Resolves when the exporter waits between two attempts. */
export async function pausing(exporter: OtlpHttpExporter): Promise<void> {
  // biome-ignore lint/complexity/useLiteralKeys: it is private, and nothing else tells.
  while (exporter['_wake'] === undefined) await new Promise((resolve) => setImmediate(resolve));
}
