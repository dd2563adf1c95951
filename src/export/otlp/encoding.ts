import type { SpanBatch } from '../exporter.ts';

/** A larger span is cut. Collectors refuse messages over 4 MiB by default, and one span must not use that up alone. */
export const MAX_SPAN_BYTES = 1024 * 1024;

/** Ended spans, encoded in one of OTLP's formats. */
export interface EncodedBatch extends SpanBatch {
  /** The number of spans that were cut because they exceeded `MAX_SPAN_BYTES`. */
  _cutSpans: number;
}

/** An encoding of OTLP. Each instance serves a single exporter. */
export interface OtlpEncoding<Batch extends EncodedBatch = EncodedBatch> {
  /** The `content-type` of requests. */
  readonly contentType: string;
  /** Creates an empty batch. */
  createBatch(): Batch;
  /**
   * Returns the body of a request with these batches, as parts to be sent one after the other. The batches no longer
   * change. A retry calls this again for the same batches.
   */
  _body(batches: readonly Batch[]): Uint8Array<ArrayBuffer>[];
  /** Called when neither the batches nor the parts of their body are read any more. */
  _free?(batches: readonly Batch[]): void;
  /** Called when nothing more will be sent, so that memory kept for later requests can be released. */
  _clear?(): void;
  /**
   * Reads the response to a request that was accepted, wholly or in part: how many spans were rejected, and why.
   * Anything that is not such a response reads as no rejected spans and no message. Never throws.
   */
  _readResponse(answer: Uint8Array): [rejectedSpans: number, errorMessage: Uint8Array];
}
