import type { MicroCase } from '../micro-case.ts';
import { checkTypicalSpans, typicalSpan } from '../typical-span.ts';

const SPANS = 512;

export const encoding: MicroCase = {
  name: 'encoding',
  what: 'encoding only, 512 spans, per span',
  calls: 1,
  spansPerCall: SPANS,
  start(subject) {
    const encode = subject.encoder((tracer) => {
      for (let count = 0; count < SPANS; count++) typicalSpan(tracer);
    });
    return { work: () => {}, finish: encode };
  },
  check: checkTypicalSpans,
};
