import { constrained } from '#platform';
import { numberOptions } from '../core/options.ts';

/** Settings of a {@link BatchSpanProcessor}. The variables are those that `initialize` reads. */
export interface BatchSpanProcessorOptions {
  /**
   * The longest time that a span waits before its batch is sent, in milliseconds. Environment: `OTEL_BSP_SCHEDULE_DELAY`.
   * Default: 5,000.
   */
  scheduledDelayMillis?: number;
  /**
   * Milliseconds one export may take; then its spans count as `unknown`. Environment: `OTEL_BSP_EXPORT_TIMEOUT`. Default:
   * 30,000.
   */
  exportTimeoutMillis?: number;
  /**
   * Spans that make a batch leave before the delay is over. Environment: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. Default: 512.
   */
  maxExportBatchSize?: number;
  /**
   * Spans held at most, those on their way included; further ones are dropped and counted. Environment:
   * `OTEL_BSP_MAX_QUEUE_SIZE`. Default: 65,536.
   */
  maxQueueSize?: number;
  /** Bytes held at most, those on their way included. Default: 16 MiB; 2 MiB in browsers, Workers and edge runtimes. */
  maxQueueBytes?: number;
  /**
   * Bytes of one request at most, before compression; a backlog leaves in requests of this size. At most 64 MiB,
   * and no more than a quarter of `maxQueueBytes`. Default: 8 MiB; 3 MiB with an exporter over gRPC.
   */
  maxRequestBytes?: number;
}

const MEBIBYTE = 1024 * 1024;
// The defaults of the specification but for the queue, which is larger and bounded by bytes as well.
const DEFAULTS: Required<BatchSpanProcessorOptions> = {
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
  maxExportBatchSize: 512,
  maxQueueSize: 65_536,
  maxQueueBytes: (constrained ? 2 : 16) * MEBIBYTE,
  maxRequestBytes: 8 * MEBIBYTE,
};
// The specification's bound for requests.
const MAX_REQUEST_BYTES = 64 * MEBIBYTE;

/** The options with the defaults; throws a `RangeError` that names the one that cannot be used, `prefix` in front. */
export function checkedBatchOptions(
  options: BatchSpanProcessorOptions | undefined,
  prefix: string,
): Required<BatchSpanProcessorOptions> {
  const result = numberOptions(DEFAULTS, options, prefix, 1);
  // A batch that could not fill up would wait for its delay while spans are dropped.
  result.maxExportBatchSize = Math.min(result.maxExportBatchSize, result.maxQueueSize);
  if (result.maxRequestBytes > MAX_REQUEST_BYTES) {
    throw new RangeError(`${prefix}maxRequestBytes: ${result.maxRequestBytes} is more than 64 MiB`);
  }
  // The batches of a request may have to be put together, in memory that is not to be as much as the queue once more.
  result.maxRequestBytes = Math.min(result.maxRequestBytes, result.maxQueueBytes / 4);
  return result;
}
