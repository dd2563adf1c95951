/** The part of a tracer that the cases use; that of `@opentelemetry/api` is one. */
export interface BenchTracer {
  startSpan(name: string, options?: { attributes?: Record<string, string | number | boolean> }): BenchSpan;
}

/** The part of a span that the cases use. */
export interface BenchSpan {
  addEvent(name: string, attributes?: Record<string, string | number | boolean>): unknown;
  end(): void;
}

/** A tracing SDK under measurement. */
export interface Subject {
  readonly name: string;
  readonly tracer: BenchTracer;
  /** Brings all spans that have ended into the bytes of one OTLP request, and starts over. */
  drain(): Promise<Uint8Array>;
}
