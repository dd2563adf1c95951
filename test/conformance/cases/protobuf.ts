import { BATCHED_SPANS, checkBatches, sendBatches } from '../batches.ts';
import { defineCase } from '../case.ts';

export default defineCase({
  title: 'Batches in protobuf',
  spans: BATCHED_SPANS,
  run: (surroundings) => sendBatches(surroundings, {}),
  check: (aftermath) =>
    checkBatches(aftermath, { 'content-type': 'application/x-protobuf', 'content-encoding': undefined }),
});
