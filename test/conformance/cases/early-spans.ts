import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, givenInput, initializeFor, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

// Nothing is given where the case is checked.
const input = givenInput();
if (input !== undefined) {
  initializeFor(input, { batch: { maxExportBatchSize: 2 } });
  startSpan('early').end();
  startSpan('early, in a full batch').end();
}

export default defineCase({
  title: 'Spans while a module loads',
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
