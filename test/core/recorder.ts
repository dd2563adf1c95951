import type { Context } from '../../src/core/context.ts';
import type { SpanProcessor } from '../../src/core/processor.ts';
import { TracerProvider, type TracerProviderOptions } from '../../src/core/provider.ts';
import type { RecordingSpan, Span } from '../../src/core/span.ts';
import type { SpanTracer } from '../../src/core/tracer.ts';
import { OtlpBatch } from '../../src/export/otlp/batch.ts';
import { BufferPool } from '../../src/export/otlp/buffer-pool.ts';
import { requestBytes } from '../export/otlp/request.ts';
import { type DecodedSpan, decodeRequest, flatten } from '../oracle/otlp.ts';

/** A processor that keeps its spans. */
export class Recorder implements SpanProcessor {
  readonly started: { span: Span; parentContext: Context }[] = [];
  readonly ended: RecordingSpan[] = [];
  readonly provider: TracerProvider;
  readonly tracer: SpanTracer;

  constructor({ spanProcessors = [], ...options }: TracerProviderOptions = {}, before: readonly SpanProcessor[] = []) {
    this.provider = new TracerProvider({ ...options, spanProcessors: [...before, this, ...spanProcessors] });
    this.tracer = this.provider.getTracer('recorder', '1.2.3') as SpanTracer;
  }

  onStart(span: Span, parentContext: Context): void {
    this.started.push({ span, parentContext });
  }

  onEnd(span: RecordingSpan): void {
    this.ended.push(span);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  /** Starts a span that the caller knows to be recorded. */
  start(...args: Parameters<SpanTracer['startSpan']>): RecordingSpan {
    return this.tracer.startSpan(...args) as RecordingSpan;
  }

  /** Returns the ended spans as a collector decodes them from one request. */
  sent(): DecodedSpan[] {
    const batch = new OtlpBatch(new BufferPool());
    for (const span of this.ended) batch.add(span);
    return flatten(decodeRequest(requestBytes([batch])));
  }
}

/** Nanoseconds since the Unix epoch. */
export function nanoseconds([seconds, rest]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}
