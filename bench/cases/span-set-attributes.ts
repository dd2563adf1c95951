import type { MicroCase } from '../micro-case.ts';
import { checkTypicalSpans } from '../typical-span.ts';

export const spanSetAttributes: MicroCase = {
  name: 'span-set-attributes',
  what: 'span with 5 setAttribute calls and 1 event, encoded',
  beside: ['sentry', 'dd-trace', 'effect'],
  calls: 512,
  spansPerCall: 1,
  start(subject) {
    const { tracer, drain } = subject.recording();
    return {
      work() {
        const span = tracer.startSpan('llm.request');
        span.setAttribute('llm.provider', 'gemini');
        span.setAttribute('llm.model', 'gemini-2.0-flash-exp');
        span.setAttribute('session.id', 'session-4711');
        span.setAttribute('audio.sample_rate', 16_000);
        span.setAttribute('streaming', true);
        span.addEvent('first_token', { 'token.index': 0 });
        span.end();
      },
      finish: drain,
    };
  },
  check: checkTypicalSpans,
};
