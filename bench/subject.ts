export type BenchAttributes = Record<string, string | number | boolean>;

/** The part of a span that the cases use. */
export interface BenchSpan {
  setAttribute(key: string, value: string | number | boolean): unknown;
  addEvent(name: string, attributes?: BenchAttributes): unknown;
  isRecording(): boolean;
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
  end(): void;
}

/** The part of a tracer that the cases use. Tracers of `@opentelemetry/api` have it. */
export interface BenchTracer {
  startSpan(name: string, options?: { attributes?: BenchAttributes }): BenchSpan;
  startActiveSpan<T>(name: string, fn: (span: BenchSpan) => T): T;
}

/** The part of a tracer that most cases need. */
export type SpanStarter = Pick<BenchTracer, 'startSpan'>;

/** A tracer whose ended spans stay in the process. */
export interface Recording<T = BenchTracer> {
  readonly tracer: T;
  /** Encodes all ended spans as one request, and starts over. */
  drain(): Promise<Uint8Array> | Uint8Array;
}

/** A tracer whose spans are exported. */
export interface Exporting {
  readonly tracer: BenchTracer;
  /** Sends the remaining spans. */
  close(): Promise<unknown>;
}

/** Holds requests back. `pass` resolves when a request with `spans` spans may be answered. */
export interface Gate {
  pass(spans: number): Promise<void>;
}

/** A tracing SDK under measurement. Each method is called at most once in a process: some set global state. */
export interface Subject {
  readonly name: string;
  /** Returns a recording tracer. With `active`, spans are made active, which takes OpenTelemetry a context manager. */
  recording(options?: { active?: boolean }): Recording;
  /** Returns a tracer that samples nothing. */
  unsampled(): BenchTracer;
  /** Returns what stands in for a tracer when tracing is off; `direct` is the package's own function. */
  silent(how: 'tracer' | 'direct'): SpanStarter;
  /** Keeps the spans that `make` ends. Each call of the returned function encodes all of them anew. */
  encoder(make: (tracer: BenchTracer) => void): () => Promise<Uint8Array> | Uint8Array;
  /** Sets up export to `url` as a user would, with defaults wherever possible. */
  exporting(url: string): Exporting;
  /**
   * Returns a tracer with default batching, except that the queue holds 65,536 spans and requests pass a gate instead
   * of a network. With `isShort`, no batch waits to be sent together with another.
   */
  backlogged(gate: Gate, isShort: boolean): Exporting;
}

/** An SDK with its own API and protocol, for the cases that it fits. */
export interface BesideSubject {
  readonly name: string;
  recording(): Recording<SpanStarter>;
  unsampled?(): SpanStarter;
}
