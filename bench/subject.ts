export type BenchAttributes = Record<string, string | number | boolean>;

/** The part of a span that the cases use. */
export interface BenchSpan {
  setAttribute(key: string, value: string | number | boolean): unknown;
  addEvent(name: string, attributes?: BenchAttributes): unknown;
  isRecording(): boolean;
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
  end(): void;
}

/** The part of a tracer that the cases use; that of `@opentelemetry/api` is one. */
export interface BenchTracer {
  startSpan(name: string, options?: { attributes?: BenchAttributes }): BenchSpan;
  startActiveSpan<T>(name: string, fn: (span: BenchSpan) => T): T;
}

/** All that most cases need of a tracer. */
export type SpanStarter = Pick<BenchTracer, 'startSpan'>;

/** A tracer whose ended spans stay in the process. */
export interface Recording<T = BenchTracer> {
  readonly tracer: T;
  /** Brings all spans that have ended into the bytes of one request, and starts over. */
  drain(): Promise<Uint8Array> | Uint8Array;
}

/** A tracer whose spans go where its user wants them. */
export interface Exporting {
  readonly tracer: BenchTracer;
  /** Sends what is left. */
  close(): Promise<unknown>;
}

/** Holds requests back: `pass` resolves when a request of so many spans may be answered. */
export interface Gate {
  pass(spans: number): Promise<void>;
}

/** A tracing SDK under measurement. Each method is called at most once in a process: some set global state. */
export interface Subject {
  readonly name: string;
  /** `active` says that spans are to be made active, for which OpenTelemetry wants a context manager. */
  recording(options?: { active?: boolean }): Recording;
  /** A tracer that samples nothing. */
  unsampled(): BenchTracer;
  /** What stands in the place of a tracer where tracing is switched off; `direct` is the package's own function. */
  silent(how: 'tracer' | 'direct'): SpanStarter;
  /** Keeps the spans that `make` ends; what is returned encodes all of them, again each time. */
  encoder(make: (tracer: BenchTracer) => void): () => Promise<Uint8Array> | Uint8Array;
  /** As a user sets it up who wants his spans at `url`: defaults wherever there are some. */
  exporting(url: string): Exporting;
  /**
   * Batching as by default, but for a queue of 65,536 spans, and requests that pass a gate in place of a network. Where
   * `isShort`, no batch waits for another to leave with.
   */
  backlogged(gate: Gate, isShort: boolean): Exporting;
}

/** An SDK with a shape and a protocol of its own, in those cases that it fits. */
export interface BesideSubject {
  readonly name: string;
  recording(): Recording<SpanStarter>;
  unsampled?(): SpanStarter;
}
