import { BATCHED_SPANS, checkBatches, sendBatches } from '../batches.ts';
import { defineCase } from '../case.ts';

export default defineCase({
  title: 'Batches with gzip',
  needs: ['gzip'],
  spans: BATCHED_SPANS,
  run: (surroundings) => sendBatches(surroundings, { otlpCompression: 'gzip' }),
  check: (aftermath) =>
    checkBatches(aftermath, { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }),
});
