import type { MicroCase } from '../micro-case.ts';
import { checkTypicalSpans, typicalSpan } from '../typical-span.ts';

export const spanAttributes: MicroCase = {
  name: 'span-attributes',
  what: 'span with 5 initial attributes and 1 event, encoded',
  beside: ['sentry', 'dd-trace', 'effect'],
  calls: 512,
  spansPerCall: 1,
  start(subject) {
    const { tracer, drain } = subject.recording();
    return { work: () => typicalSpan(tracer), finish: drain };
  },
  check: checkTypicalSpans,
};
