import fc from 'fast-check';
import { expressible } from '../export/described-spans.ts';
import { type SpanDescription, spanDescriptions } from '../oracle/span-description.ts';

/** Spans of so many batches, with everything that spans can have; the same ones in every run. All of them are sampled. */
export function sampleSpans(batchCount: number): SpanDescription[] {
  const batches = fc.sample(spanDescriptions({ loneSurrogates: true }), { seed: 20_261_126, numRuns: batchCount });
  const sampled = batches.flat().map((description) => ({ ...description, traceFlags: description.traceFlags | 1 }));
  return expressible(sampled);
}
