import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attributes } from '../../src/core/attributes.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../src/export/batch-options.ts';
import type { ProcessorStats } from '../../src/export/span-counts.ts';
import { balanced, endedSpansInto } from '../export/ended-spans.ts';
import type { Collector } from './collector.ts';
import { exporterFor, type Protocol, type SendingOptions } from './protocol.ts';

const TICK_MILLIS = 10;
const PATIENCE_MILLIS = 60_000;
// Enough failed attempts for a server to come back.
const ATTEMPTS = 20;

/** An application that sends spans to a Collector. */
export class Application {
  readonly processor: BatchSpanProcessor;
  private readonly collector: Collector;
  private readonly endSpans: (count: number, attributes?: Attributes) => string[];
  private readonly ids = new Set<string>();
  private loading: Promise<void> | undefined;
  private isLoading = false;

  constructor(
    protocol: Protocol,
    collector: Collector,
    sending: SendingOptions = {},
    batch: BatchSpanProcessorOptions = {},
  ) {
    this.processor = new BatchSpanProcessor(exporterFor(protocol, collector, sending), batch);
    this.collector = collector;
    this.endSpans = endedSpansInto(this.processor);
  }

  end(count: number, attributes: Attributes = { codec: 'opus', 'audio.channels': 1 }): void {
    for (const id of this.endSpans(count, attributes)) this.ids.add(id);
  }

  /** Ends this many spans every few milliseconds, until {@link idle}. */
  load(spansATick: number): void {
    this.isLoading = true;
    this.loading = (async () => {
      for (; this.isLoading; await delay(TICK_MILLIS)) {
        this.end(spansATick);
        balanced(this.processor);
      }
    })();
  }

  async idle(): Promise<void> {
    this.isLoading = false;
    await this.loading;
  }

  /** Resolves when `isSo` returns true. It may look at the counters or at anything else, and is called repeatedly. */
  async until(isSo: (stats: ProcessorStats) => boolean): Promise<void> {
    for (const end = Date.now() + PATIENCE_MILLIS; !isSo(balanced(this.processor)); await delay(TICK_MILLIS)) {
      if (Date.now() < end) continue;
      await this.idle();
      assert.fail(
        `within ${PATIENCE_MILLIS} ms it does not come to ${isSo}: ${JSON.stringify(this.processor.stats())}`,
      );
    }
  }

  /** Flushes until nothing is pending. */
  async settle(): Promise<ProcessorStats> {
    for (let attempt = 0; this.processor.stats().pending > 0 && attempt < ATTEMPTS; attempt++) {
      await this.processor.forceFlush();
    }
    return balanced(this.processor);
  }

  /**
   * Settles, compares the counters with the Collector's spans, and shuts down.
   *
   * @returns The number of spans that did not arrive, and of those that arrived again.
   */
  async account(): Promise<{ stats: ProcessorStats; missing: number; repeated: number }> {
    const stats = await this.settle();
    const { ended, acknowledged, unknown, pending } = stats;
    assert.deepEqual([pending, ended], [0, this.ids.size], JSON.stringify(stats));
    const arrived = this.collector.spans().map(({ spanId }) => spanId);
    const distinct = new Set(arrived);
    for (const id of distinct) assert.ok(this.ids.has(id), `nobody has ended ${id}`);
    const seen = `${distinct.size} spans arrived, and the counters say ${JSON.stringify(stats)}`;
    assert.ok(acknowledged <= distinct.size && distinct.size <= acknowledged + unknown, seen);
    await this.processor.shutdown({ timeoutMillis: 1_000 });
    return { stats, missing: ended - distinct.size, repeated: arrived.length - distinct.size };
  }
}
