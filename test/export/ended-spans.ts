import assert from 'node:assert/strict';
import type { Attributes } from '../../src/core/attributes.ts';
import type { SpanProcessor } from '../../src/core/processor.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { ProcessorStats } from '../../src/export/span-counts.ts';

/** Returns a function that ends `count` spans, which go to `processor`, and returns their ids. */
export type EndSpans = (count: number, attributes?: Attributes) => string[];

export function endedSpansInto(...spanProcessors: SpanProcessor[]): EndSpans {
  const tracer = new TracerProvider({ spanProcessors }).getTracer('test');
  let name = 0;
  return (count, attributes) =>
    Array.from({ length: count }, () => {
      const span = tracer.startSpan(`span ${name++}`, { attributes });
      span.end();
      return span.spanContext().spanId;
    });
}

/** Returns the counters, after checking that each span is counted exactly once. */
export function balanced(processor: BatchSpanProcessor): ProcessorStats {
  const stats = processor.stats();
  const { ended, acknowledged, rejected, unknown, pending } = stats;
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(ended, acknowledged + rejected + unknown + pending + dropped, JSON.stringify(stats));
  for (const count of [acknowledged, rejected, unknown, pending, ...Object.values(stats.dropped)])
    assert.ok(count >= 0);
  return stats;
}
