import type { ReadableSpan } from '../core/span.ts';

/** Why a span that had ended never reached a backend. */
export type DropReason =
  /** The queue held as many spans or bytes as it may. */
  | 'queue_full'
  /** Not encoded: a defect of this package, reported with the error. */
  | 'encode_failed'
  /** The server, or a limit, refused a single batch for its size. */
  | 'too_large'
  /** The server answered, and not with success. */
  | 'refused'
  /** No connection came about. */
  | 'unreachable'
  /** An exporter of the user's failed. */
  | 'export_failed'
  /** Still pending at the deadline of a shutdown, or ended after it. */
  | 'shutdown';

/** What became of the spans of one export; the counts add up to all of them. */
export interface ExportOutcome {
  /** Accepted by the receiver. */
  readonly acknowledged: number;
  /** Refused one by one by a receiver that accepted the rest. */
  readonly rejected: number;
  /** Sent, but no answer came: they may have arrived. */
  readonly unknown: number;
  readonly dropped: number;
  /** Why, where `dropped` is above 0. */
  readonly reason?: DropReason;
}

/** Ended spans in the form in which an exporter sends them. */
export interface SpanBatch {
  readonly spanCount: number;
  /** Memory the batch takes, in bytes, as far as it is known. */
  readonly byteLength: number;
  /** Adds a span that has ended. Whatever is needed of it is taken now. */
  add(span: ReadableSpan): void;
}

/**
 * An exporter that has its own form of batch: spans are put in it as they end, and no span object outlives its end.
 */
export interface BatchingExporter<Batch extends SpanBatch = SpanBatch> {
  createBatch(): Batch;
  /**
   * Sends batches in one request. Never called again before its promise has settled. `signal` aborts it.
   * What is done at once may be answered at once. May reject or throw: the spans then count as dropped.
   */
  send(batches: readonly Batch[], signal: AbortSignal): Promise<ExportOutcome> | ExportOutcome;
  /** Somebody waits for a flush: a pause before the next attempt ends now. */
  hurry?(): void;
  /** Releases what the exporter holds. */
  shutdown?(): Promise<void> | void;
}

/** What an export came to; the codes are those of `@opentelemetry/core`: 0 success, 1 failure. */
export interface ExportResult {
  code: number;
  error?: Error;
}

/**
 * The plain form of an exporter: it is given spans. It may answer through the callback, as OpenTelemetry's do, or
 * by a promise.
 */
export interface SpanExporter {
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void | Promise<void>;
  shutdown?(): Promise<void> | void;
}

/** The outcome of an export, of which only what is not zero is given. */
export function outcomeOf(counts: Partial<ExportOutcome>): ExportOutcome {
  return { acknowledged: 0, rejected: 0, unknown: 0, dropped: 0, ...counts };
}
