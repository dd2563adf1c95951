import { type Span, startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, givenInput, initializeFor, shutDown } from '../case.ts';
import { expectEqual, expectTrue } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

const diagnostics: string[] = [];
let early: Span | undefined;

// There is no input in the process that checks the case.
const input = givenInput();
if (input !== undefined) {
  initializeFor(input, {}, diagnostics);
  // This must not throw, but be reported.
  if (input.lacks.includes('early spans')) early = withSpan('too early', (span) => span);
}

export default defineCase({
  title: '`initialize` during module load',
  spans: 2,
  async run() {
    withSpan('later', () => startSpan('below').end());
    await shutDown();
    return { isRecording: early?.isRecording(), diagnostics };
  },
  check({ facts, spans, input: { lacks } }) {
    if (lacks.includes('early spans')) {
      expectEqual(facts.isRecording, false, 'the early span records');
      expectEqual(facts.diagnostics.length, 1, 'diagnostics');
      expectTrue(/^start_failed: .*global scope/.test(facts.diagnostics[0]), facts.diagnostics[0]);
    } else expectEqual(facts.diagnostics, [], 'diagnostics');
    expectEqual(treeOf(spans), 'later(below)', 'the trace');
  },
});
