import assert from 'node:assert/strict';
import type { FlushResult } from '../../../src/core/processor.ts';
import type { BatchSpanProcessor } from '../../../src/export/batch.ts';

// Whoever expects more than this many attempts waits for something that does not come.
const PATIENCE = 100;

/**
 * What becomes of all that is pending, without the pauses between attempts, since each flush takes one.
 *
 * @param attempts - After so many it is left. Default: until nothing is pending.
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
