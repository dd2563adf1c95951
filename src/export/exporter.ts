import { ROOT_CONTEXT, suppressTracing } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import type { ReadableSpan } from '../core/span.ts';

/** Why a span that had ended never reached a backend. */
export type DropReason =
  /** The queue held as many spans or bytes as it may. */
  | 'queue_full'
  /** Not encoded: a defect of this package, reported with the error. */
  | 'encode_failed'
  /** The server refused a single batch for its size. Where several are refused so, they are sent again in parts. */
  | 'too_large'
  /** The server answered, and not with success, or with "later" until the shutdown. */
  | 'refused'
  /** No connection came about until the shutdown. */
  | 'unreachable'
  /** An exporter of the user's failed, or a function that was to give headers. */
  | 'export_failed'
  /** Still pending at the deadline of a shutdown, or ended after it. */
  | 'shutdown';

/** What became of the spans of one export. Those that it does not account for count as `unknown`. */
export interface ExportOutcome {
  /** Accepted by the receiver. */
  readonly acknowledged?: number;
  /** Refused one by one by a receiver that accepted the rest. */
  readonly rejected?: number;
  /** Sent, but no answer came: they may have arrived. */
  readonly unknown?: number;
  /** Not sent, and lost. */
  readonly dropped?: number;
  /** The name under which the dropped are counted. Default: `export_failed`. */
  readonly reason?: DropReason;
  /** What has happened, for people: it is reported. Default: nothing. */
  readonly why?: string;
  /**
   * Nothing was accepted as far as is known, and the batches may be sent again after so many milliseconds. They stay in
   * the queue and are not counted; the other members say how they are, should they never be sent again.
   */
  readonly retryMillis?: number;
}

/** Ended spans in the form in which an exporter sends them. */
export interface SpanBatch {
  /** Spans that are in it. */
  readonly spanCount: number;
  /** Memory the batch takes, in bytes, as far as it is known. */
  readonly byteLength: number;
  /** Adds a span that has ended. Whatever is needed of it is taken now. */
  add(span: ReadableSpan): void;
  /** Nothing is added any more, and the batch waits: memory of which it uses less than this share can go. */
  compact?(share: number): void;
}

/**
 * An exporter that has its own form of batch: spans are put in it as they end, and no span object outlives its end.
 */
export interface BatchingExporter<Batch extends SpanBatch = SpanBatch> {
  /** Where it sends; `sdkMetrics` has the address of it. Default: nothing is said of that. */
  readonly url?: string;
  /** What `sdkMetrics` calls it, `otel.component.type`. Default: `exporter`. */
  readonly componentType?: string;
  /** The default of a processor's `maxRequestBytes`. Default: that of all processors. */
  readonly maxRequestBytes?: number;
  /**
   * True where each call of `send` is to get a single batch, unless a page is left. Default: false, as many as fit in a request.
   */
  readonly isOneByOne?: boolean;
  /** An empty batch, for the spans that end next. */
  createBatch(): Batch;
  /**
   * Sends batches in one request. Not called again before its promise has settled, but for runtimes on which that may
   * never be, because I/O ends with the request that it belongs to, and where a page is left. `signal` aborts it. What is
   * done at once may be answered at once. May reject or throw: the spans then count as dropped.
   *
   * @param isLeaving - True where a page is left: what is to be sent has to be on its way when the call returns.
   */
  send(batches: readonly Batch[], signal: AbortSignal, isLeaving?: boolean): Promise<ExportOutcome> | ExportOutcome;
  /** Called at a flush when everything has been sent: what the exporter itself holds back is to leave now. */
  forceFlush?(): Promise<void> | void;
  /** Releases what the exporter holds. */
  shutdown?(): Promise<void> | void;
}

/** What an export came to; the codes are those of `@opentelemetry/core`: 0 success, 1 failure. */
export interface ExportResult {
  /** 0 where all spans were accepted, 1 where they were not. */
  code: number;
  /** Why they were not. */
  error?: Error;
}

/**
 * The plain form of an exporter: it is given spans, at most `maxExportBatchSize` in a call. One that takes a callback answers
 * through that, as OpenTelemetry's do, also where it is `async`; one that takes none has to answer by a promise.
 */
export interface SpanExporter {
  /**
   * Takes spans that have ended. Not called again before it has answered, unless a page is left. What it throws is a failure.
   */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void | Promise<void>;
  /** Called at a flush when all spans have been handed over: what the exporter itself holds back is to leave now. */
  forceFlush?(): Promise<void> | void;
  /** Releases what the exporter holds. */
  shutdown?(): Promise<void> | void;
}

/** Calls what an exporter does. It is never traced: it would export its own exports. */
export function untraced<A extends unknown[], R>(callback: (...args: A) => R, ...args: A): R {
  return processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), callback, ...args);
}
