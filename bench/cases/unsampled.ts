import assert from 'node:assert/strict';
import type { MicroCase } from '../micro-case.ts';

export const unsampled: MicroCase = {
  name: 'unsampled',
  what: 'unsampled span',
  beside: ['sentry'],
  calls: 4096,
  spansPerCall: 1,
  start(subject) {
    const tracer = subject.unsampled();
    const span = tracer.startSpan('llm.request');
    assert.equal(span.isRecording(), false);
    const { traceId, spanId, traceFlags } = span.spanContext();
    assert.match(traceId, /^(?!0+$)[0-9a-f]{32}$/, 'it has an identity that can be passed on');
    assert.match(spanId, /^(?!0+$)[0-9a-f]{16}$/);
    assert.equal(traceFlags & 1, 0);
    return {
      work() {
        const started = tracer.startSpan('llm.request');
        started.end();
        return started;
      },
    };
  },
};
