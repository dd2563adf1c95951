import type { FlushResult } from '../../../src/core/processor.ts';
import type { BatchSpanProcessor } from '../../../src/export/batch.ts';

/** What becomes of all that is pending, without the pauses between attempts: each flush takes one. */
export async function hurried(processor: BatchSpanProcessor, attempts = Infinity): Promise<FlushResult> {
  let [exported, pending, dropped] = [0, 1, 0];
  for (let attempt = 0; pending > 0 && attempt < attempts; attempt++) {
    const flushed = await processor.forceFlush();
    exported += flushed.exported;
    dropped += flushed.dropped;
    pending = flushed.pending;
  }
  return { exported, pending, dropped };
}
