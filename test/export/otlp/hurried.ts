import assert from 'node:assert/strict';
import type { FlushResult } from '../../../src/core/processor.ts';
import type { BatchSpanProcessor } from '../../../src/export/batch.ts';

// More attempts than any test expects.
const PATIENCE = 100;

/**
 * Flushes until nothing is pending. Each flush makes one attempt, without the pauses in between.
 *
 * @param attempts - Stops after this many attempts. Default: unlimited.
 */
export async function hurried(processor: BatchSpanProcessor, attempts = Infinity): Promise<FlushResult> {
  let [exported, pending, dropped] = [0, 1, 0];
  for (let attempt = 0; pending > 0 && attempt < attempts; attempt++) {
    assert.ok(attempt < PATIENCE, `${pending} spans are pending after ${PATIENCE} attempts`);
    const flushed = await processor.forceFlush();
    exported += flushed.exported;
    dropped += flushed.dropped;
    pending = flushed.pending;
  }
  return { exported, pending, dropped };
}
