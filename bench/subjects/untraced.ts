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

/** The same program without tracing. Its cost is subtracted from everyone's. */
export const subject: Subject = {
  name: 'no tracing',
  recording: () => ({ tracer, drain: nothing }),
  unsampled: () => tracer,
  silent: () => tracer,
  encoder: () => nothing,
  exporting: () => ({ tracer, close: async () => {} }),
  backlogged: () => ({ tracer, close: async () => {} }),
};
