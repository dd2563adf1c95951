import assert from 'node:assert/strict';
import type { MicroCase } from '../micro-case.ts';

function noneBy(how: 'tracer' | 'direct', name: string, what: string): MicroCase {
  return {
    name,
    what,
    calls: 4096,
    spansPerCall: 1,
    start(subject) {
      const tracer = subject.silent(how);
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
}

export const none = noneBy('tracer', 'none', "exporterType 'none', compared with the API without an SDK");
export const noneDirect = noneBy('direct', 'none-direct', "exporterType 'none', the package's own startSpan");
