import { ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan, Span } from '../../src/core/span.ts';
import type { SpanContext } from '../../src/core/span-context.ts';
import type { SpanOptions, Tracer } from '../../src/core/tracer.ts';
import type { StdoutFormat } from '../../src/export/printer.ts';
import { StdoutSpanProcessor } from '../../src/export/stdout.ts';

/** Returns the Unix time of `millis` after 2024-01-01, for spans with known times. */
export function at(millis: number): [number, number] {
  return [1_704_067_200 + Math.floor(millis / 1_000), (millis % 1_000) * 1e6];
}

/** Returns a tracer with sequential ids whose spans go to a {@link StdoutSpanProcessor}, and the processor's output. */
export function printing(format?: StdoutFormat) {
  const texts: string[] = [];
  const ended: ReadableSpan[] = [];
  const processor = new StdoutSpanProcessor({ format, write: (text) => texts.push(text) });
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
