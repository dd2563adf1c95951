import assert from 'node:assert/strict';
import type { MicroCase } from '../micro-case.ts';
import type { BenchSpan } from '../subject.ts';

export const nestedActive: MicroCase = {
  name: 'nested-active',
  what: 'active spans nested 3 deep, per span, encoded',
  calls: 192,
  spansPerCall: 3,
  start(subject) {
    const { tracer, drain } = subject.recording({ active: true });
    const inner = (span: BenchSpan) => span.end();
    const middle = (span: BenchSpan) => {
      tracer.startActiveSpan('llm.request', inner);
      span.end();
    };
    const outer = (span: BenchSpan) => {
      tracer.startActiveSpan('element.llm.process', middle);
      span.end();
    };
    return { work: () => tracer.startActiveSpan('pipeline.voice.push', outer), finish: drain };
  },
  check(spans) {
    assert.equal(spans.length, 6);
    for (let at = 0; at < spans.length; at += 3) {
      const [inner, middle, outer] = spans.slice(at, at + 3);
      assert.deepEqual(
        [inner.name, middle.name, outer.name],
        ['llm.request', 'element.llm.process', 'pipeline.voice.push'],
      );
      assert.deepEqual([inner.traceId, middle.traceId], [outer.traceId, outer.traceId]);
      assert.deepEqual(
        [inner.parentSpanId, middle.parentSpanId, outer.parentSpanId],
        [middle.spanId, outer.spanId, ''],
      );
    }
  },
};
