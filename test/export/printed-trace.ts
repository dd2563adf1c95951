import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan, RecordingSpan, Span } from '../../src/core/span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import type { SpanOptions, Tracer } from '../../src/core/tracer.ts';
import { type StdoutFormat, TracePrinter } from '../../src/export/printer.ts';

/** The Unix time of `millis` after 2024-01-01, for spans whose times are known. */
export function at(millis: number): [number, number] {
  return [1_704_067_200 + Math.floor(millis / 1_000), (millis % 1_000) * 1e6];
}

/**
 * A tracer whose ids count up and whose spans go to a {@link TracePrinter}, what that has written, and its clock.
 *
 * @param hasTimers - False as where nothing outlives a request. Default: true.
 */
export function printing(format: StdoutFormat = 'pretty', hasTimers = true) {
  const texts: string[] = [];
  const ended: ReadableSpan[] = [];
  const errors: unknown[] = [];
  const timers: { at: number; callback: () => void }[] = [];
  let clock = 0;
  let drains = 0;
  const processor = new TracePrinter({
    format,
    write: (text) => texts.push(text),
    drained: async () => {
      drains++;
    },
    rootOf: (span) => (span as RecordingSpan)._root,
    onError: (error) => errors.push(error),
    style: () => ({ columns: 100, hasColor: false, hasUnicode: true }),
    now: () => clock,
    later: hasTimers ? (callback, millis) => timers.push({ at: clock + millis, callback }) : undefined,
  });
  /** Lets so many milliseconds go by. */
  const pass = (millis: number) => {
    const until = clock + millis;
    for (;;) {
      const due = timers.findIndex(({ at }) => at <= until);
      if (due === -1) break;
      const [{ at, callback }] = timers.splice(due, 1);
      clock = at;
      callback();
    }
    clock = until;
  };
  let id = 0;
  const provider = new TracerProvider({
    resource: { attributes: { 'service.name': 'agent' } },
    idGenerator: {
      generateTraceId: () => (++id).toString(16).padStart(32, '0'),
      generateSpanId: () => (++id).toString(16).padStart(16, '0'),
    },
    spanProcessors: [
      processor,
      { onEnd: (span) => ended.push(span), forceFlush: async () => {}, shutdown: async () => {} },
    ],
  });
  const tracer = provider.getTracer('test');
  return {
    processor,
    texts,
    ended,
    errors,
    pass,
    /** Timers that have not been called. */
    timers: () => timers.length,
    /** How often somebody waited for what was written. */
    drains: () => drains,
    start: (name: string, startMillis: number, parent?: Span | SpanContext, options?: SpanOptions) =>
      startedSpan(tracer, name, startMillis, parent, options),
  };
}

function startedSpan(
  tracer: Tracer,
  name: string,
  startMillis: number,
  parent?: Span | SpanContext,
  options?: SpanOptions,
): Span {
  const span = parent !== undefined && 'traceId' in parent ? nonRecordingSpan(parent) : parent;
  const context = span === undefined ? ROOT_CONTEXT : setSpan(ROOT_CONTEXT, span);
  return tracer.startSpan(name, { startTime: at(startMillis), ...options }, context);
}
