import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import type { ReadableSpan } from '../core/span.ts';

/** Why an ended span never reached a backend. */
export type DropReason =
  /** The queue already held as many spans or bytes as it may. */
  | 'queue_full'
  /** Encoding failed: a defect of this package, reported with the error. */
  | 'encode_failed'
  /** The server refused a single batch for its size. A request of several batches is split and sent again. */
  | 'too_large'
  /** The server answered with an error, or asked to retry later until the shutdown. */
  | 'refused'
  /** No connection could be made, or the gRPC exporter not be loaded, until the shutdown. */
  | 'unreachable'
  /** An exporter of your own failed, or a function that supplies headers. */
  | 'export_failed'
  /** Still pending at the deadline of a shutdown, or ended after it. */
  | 'shutdown';

/** What became of the spans of one export. Spans that it does not account for count as `unknown`. */
export interface ExportOutcome {
  /** Accepted by the receiver. */
  readonly acknowledged?: number;
  /** Refused individually by a receiver that accepted the rest. */
  readonly rejected?: number;
  /** Sent, but not answered: the spans may have arrived. */
  readonly unknown?: number;
  /** Lost: not sent, or refused as a whole. */
  readonly dropped?: number;
  /** The reason under which dropped spans are counted. Default: `export_failed`. */
  readonly reason?: DropReason;
  /** A message for people that says what happened; it is reported. Default: none. */
  readonly why?: string;
  /**
   * Milliseconds after which the batches may be sent again: as far as is known, nothing was accepted. They stay in the
   * queue and are not counted. The other members say how the spans count if they are never sent again.
   */
  readonly retryMillis?: number;
}

/** A batch of ended spans in the form in which an exporter sends them. */
export interface SpanBatch {
  /** The number of spans in the batch. */
  readonly spanCount: number;
  /** The memory that the batch takes, in bytes, as far as it is known. */
  readonly byteLength: number;
  /** Adds an ended span. Reads everything that it needs from the span now. */
  add(span: ReadableSpan): void;
  /** Called when the batch is complete and has to wait. May release buffers of which it uses less than `share`. */
  compact?(share: number): void;
}

/**
 * An exporter with its own form of batch: spans are added as they end, and no span object is kept after its end.
 */
export interface BatchingExporter<Batch extends SpanBatch = SpanBatch> {
  /** The URL that it sends to; `sdkMetrics` reports its address. Default: no address is reported. */
  readonly url?: string;
  /** The `otel.component.type` that `sdkMetrics` reports for it. Default: `exporter`. */
  readonly componentType?: string;
  /** The default for the processor's `maxRequestBytes`. Default: the processor's own. */
  readonly maxRequestBytes?: number;
  /**
   * True if each call of `send` is to get a single batch, except when a page is left. Default: false, as many as fit in
   * a request.
   */
  readonly isOneByOne?: boolean;
  /**
   * True if `send` creates no spans by itself, so that tracing need not be suppressed while it runs. On Node, this keeps
   * exports off `AsyncLocalStorage`. Default: false.
   */
  readonly isUntraced?: boolean;
  /** Creates an empty batch for the spans that end next. */
  createBatch(): Batch;
  /**
   * Sends batches in one request. Not called again before its promise has settled, except when a page is left, and on
   * runtimes where it may never settle because I/O ends with the request that it belongs to. `signal` aborts it. May
   * return the outcome synchronously. May reject or throw: the spans then count as dropped.
   *
   * @param isLeaving - True when a page is left: the request must be in flight when the call returns.
   */
  send(batches: readonly Batch[], signal: AbortSignal, isLeaving?: boolean): Promise<ExportOutcome> | ExportOutcome;
  /** Called on a flush, after everything has been sent. Sends whatever the exporter itself holds back. */
  forceFlush?(): Promise<void> | void;
  /** Releases what the exporter holds. */
  shutdown?(): Promise<void> | void;
}

/** The result of an export. The codes are those of `@opentelemetry/core`: 0 for success, 1 for failure. */
export interface ExportResult {
  /** 0 if all spans were accepted, otherwise 1. */
  code: number;
  /** Why the export failed. */
  error?: Error;
}

/**
 * The simple form of an exporter. It receives spans, at most `maxExportBatchSize` in a call except when a page is left.
 * An `export` that takes a callback answers through it, as OpenTelemetry's exporters do, even if it is `async`. One
 * that takes no callback must return a promise.
 */
export interface SpanExporter {
  /**
   * Exports ended spans. Not called again before it has answered, except when a page is left. An exception or a
   * rejection counts as a failure.
   */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void | Promise<void>;
  /** Called on a flush, after all spans have been handed over. Sends whatever the exporter itself holds back. */
  forceFlush?(): Promise<void> | void;
  /** Releases what the exporter holds. */
  shutdown?(): Promise<void> | void;
}

/** Calls an exporter's code with tracing suppressed, so that it does not export its own exports. */
export function untraced<A extends unknown[], R>(callback: (...args: A) => R, ...args: A): R {
  return processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), callback, ...args);
}
