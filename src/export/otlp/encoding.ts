import type { SpanBatch } from '../exporter.ts';

/** A span larger than this is cut; collectors refuse messages over 4 MiB by default, and one span must not be all of it. */
export const MAX_SPAN_BYTES = 1024 * 1024;

/** Ended spans in one of OTLP's forms. */
export interface EncodedBatch extends SpanBatch {
  /** Spans of which something was cut off because they were larger than a span may be. */
  _cutSpans: number;
}

/** A form in which OTLP is sent. One of them serves one exporter. */
export interface OtlpEncoding<Batch extends EncodedBatch = EncodedBatch> {
  /** What requests say that they are. */
  readonly contentType: string;
  /** An empty batch. */
  createBatch(): Batch;
  /**
   * The body of a request with these batches, which no longer change: parts that stand in it one behind the other. They may
   * be asked for again.
   */
  _body(batches: readonly Batch[]): Uint8Array<ArrayBuffer>[];
  /** Nobody reads the batches any more, nor the parts that they gave. */
  _free?(batches: readonly Batch[]): void;
  /** Nothing is sent any more: memory that is kept for later can go. */
  _clear?(): void;
  /**
   * What a receiver says of a request that it accepted, wholly or in part: how many spans it rejected, and why. Of what
   * is no such response, nothing. Never throws.
   */
  _readResponse(answer: Uint8Array): [rejectedSpans: number, errorMessage: Uint8Array];
}
