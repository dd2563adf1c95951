import assert from 'node:assert/strict';
import type { MicroCase } from '../micro-case.ts';

export const spanBare: MicroCase = {
  name: 'span-bare',
  what: 'bare span, encoded',
  beside: ['sentry', 'dd-trace', 'effect'],
  calls: 512,
  spansPerCall: 1,
  start(subject) {
    const { tracer, drain } = subject.recording();
    return { work: () => tracer.startSpan('llm.request').end(), finish: drain };
  },
  check(spans) {
    for (const { name, attributes, events } of spans) {
      assert.deepEqual([name, attributes, events ?? []], ['llm.request', {}, []]);
    }
  },
};
