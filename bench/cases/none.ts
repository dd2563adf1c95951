import assert from 'node:assert/strict';
import type { MicroCase } from '../micro-case.ts';

export const none: MicroCase = {
  name: 'none',
  what: "exporterType 'none', against the OpenTelemetry API without an SDK",
  calls: 4096,
  spansPerCall: 1,
  start(subject) {
    const tracer = subject.silent();
    assert.equal(tracer.startSpan('llm.request').isRecording(), false);
    return {
      work() {
        const started = tracer.startSpan('llm.request');
        started.end();
        return started;
      },
    };
  },
};
