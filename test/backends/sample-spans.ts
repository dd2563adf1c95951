import fc from 'fast-check';
import { expressible } from '../export/described-spans.ts';
import { type SpanDescription, spanDescriptions } from '../oracle/span-description.ts';

/** Returns descriptions of this many batches of sampled spans that use every feature; the same ones in every run. */
export function sampleSpans(batchCount: number): SpanDescription[] {
  const batches = fc.sample(spanDescriptions({ loneSurrogates: true }), { seed: 20_261_126, numRuns: batchCount });
  const sampled = batches.flat().map((description) => ({ ...description, traceFlags: description.traceFlags | 1 }));
  return expressible(sampled);
}
