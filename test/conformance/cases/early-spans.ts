import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, givenInput, initializeFor, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

// There is no input in the process that checks the case.
const input = givenInput();
if (input !== undefined) {
  initializeFor(input, { batch: { maxExportBatchSize: 2 } });
  startSpan('early').end();
  startSpan('early, in a full batch').end();
}

export default defineCase({
  title: 'Spans during module load',
  needs: ['early spans'],
  spans: 4,
  async run() {
    withSpan('later', () => startSpan('below').end());
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'early early, in a full batch later(below)', 'the traces');
  },
});
