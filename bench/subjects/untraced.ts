import type { BenchSpan, BenchTracer, Subject } from '../subject.ts';

const span: BenchSpan = {
  setAttribute: () => span,
  addEvent: () => span,
  isRecording: () => false,
  spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  end: () => {},
};
const tracer: BenchTracer = { startSpan: () => span, startActiveSpan: (_name, fn) => fn(span) };
const nothing = () => new Uint8Array();

/** The identical program without tracing: what it costs is not charged to anyone. */
export const subject: Subject = {
  name: 'no tracing',
  recording: () => ({ tracer, drain: nothing }),
  unsampled: () => tracer,
  silent: () => tracer,
  encoder: () => nothing,
  exporting: () => ({ tracer, close: async () => {} }),
  backlogged: () => ({ tracer, close: async () => {} }),
};
