import { millisOf } from '../core/clock.ts';
import type { SpanEvent } from '../core/event.ts';
import type { ReadableSpan } from '../core/span.ts';
import type { ExportResult, SpanExporter } from './exporter.ts';

/** An ended span as plain data, which can be printed and compared. */
export interface FinishedSpan extends ReadableSpan {
  readonly flags: number;
  readonly isLocalRoot: boolean;
  readonly events: Required<SpanEvent>[];
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** The id of the parent; `undefined` for the root of a trace. */
  readonly parentSpanId: string | undefined;
  /** The time from start to end, in milliseconds. */
  readonly durationMillis: number;
}

/** Keeps spans in memory, for tests. */
export class InMemorySpanExporter implements SpanExporter {
  private spans: FinishedSpan[] = [];

  /** Returns the spans exported so far, in the order in which they ended. */
  getFinishedSpans(): FinishedSpan[] {
    return [...this.spans];
  }

  /** Forgets all spans. */
  reset(): void {
    this.spans = [];
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.spans.push(...spans.map(finished));
    resultCallback({ code: 0 });
  }

  /** Forgets all spans. */
  async shutdown(): Promise<void> {
    this.reset();
  }
}

function finished(span: ReadableSpan): FinishedSpan {
  const context = span.spanContext();
  const { traceId, spanId } = context;
  const {
    name,
    kind,
    flags = context.traceFlags,
    parentSpanContext,
    startTime,
    endTime,
    duration,
    ended,
    status,
  } = span;
  const {
    attributes,
    events,
    links,
    resource,
    instrumentationScope,
    isLocalRoot = parentSpanContext === undefined,
  } = span;
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  return {
    name,
    kind,
    traceId,
    spanId,
    parentSpanId: parentSpanContext?.spanId,
    flags,
    parentSpanContext,
    startTime,
    endTime,
    duration,
    durationMillis: millisOf(duration),
    ended,
    status,
    attributes,
    events: events.map((event) => ({ attributes: {}, droppedAttributesCount: 0, ...event })),
    links,
    resource,
    instrumentationScope,
    droppedAttributesCount,
    droppedEventsCount,
    droppedLinksCount,
    isLocalRoot,
    spanContext: () => context,
  };
}
