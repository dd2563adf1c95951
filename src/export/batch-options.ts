import { constrained } from '#platform';
import { numberOptions } from '../core/options.ts';

/** Settings of a {@link BatchSpanProcessor}. Only `initialize` reads the environment variables. */
export interface BatchSpanProcessorOptions {
  /**
   * How long a span waits at most before its batch is sent, in milliseconds. Environment: `OTEL_BSP_SCHEDULE_DELAY`.
   * Default: 5,000.
   */
  scheduledDelayMillis?: number;
  /**
   * How long an export may take, in milliseconds; after that, its spans count as `unknown`. Environment:
   * `OTEL_BSP_EXPORT_TIMEOUT`. Default: 30,000.
   */
  exportTimeoutMillis?: number;
  /**
   * The number of spans at which a batch is sent before the delay is over. Environment:
   * `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. Default: 512.
   */
  maxExportBatchSize?: number;
  /**
   * The most spans held, including those in flight; further spans are dropped and counted. Environment:
   * `OTEL_BSP_MAX_QUEUE_SIZE`. Default: 65,536.
   */
  maxQueueSize?: number;
  /** The most bytes held, including those in flight. Default: 16 MiB; 2 MiB in browsers, Workers and edge runtimes. */
  maxQueueBytes?: number;
  /**
   * The most bytes in one request, before compression; a backlog is sent in requests of this size. At most 64 MiB, and
   * never more than a quarter of `maxQueueBytes`, which is 4 MiB by default, and 512 KiB in browsers, Workers and edge
   * runtimes. Default: 8 MiB, which a larger queue allows; 3 MiB with an exporter over gRPC.
   */
  maxRequestBytes?: number;
}

const MEBIBYTE = 1024 * 1024;
// The specification's defaults, except for the queue, which is larger and also bounded by bytes.
const DEFAULTS: Required<BatchSpanProcessorOptions> = {
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
  maxExportBatchSize: 512,
  maxQueueSize: 65_536,
  maxQueueBytes: (constrained ? 2 : 16) * MEBIBYTE,
  maxRequestBytes: 8 * MEBIBYTE,
};
// The specification's limit for requests.
const MAX_REQUEST_BYTES = 64 * MEBIBYTE;

/** Fills in the defaults. Throws a `RangeError` that names an invalid option, with `prefix` in front. */
export function checkedBatchOptions(
  options: BatchSpanProcessorOptions | undefined,
  prefix: string,
): Required<BatchSpanProcessorOptions> {
  const result = numberOptions(DEFAULTS, options, prefix, 1);
  // A batch larger than the queue could never fill: it would wait for the delay while spans are dropped.
  result.maxExportBatchSize = Math.min(result.maxExportBatchSize, result.maxQueueSize);
  if (result.maxRequestBytes > MAX_REQUEST_BYTES) {
    throw new RangeError(`${prefix}maxRequestBytes: ${result.maxRequestBytes} is more than 64 MiB`);
  }
  // The batches of a request may be copied into one body, which must not double the memory of the queue.
  result.maxRequestBytes = Math.min(result.maxRequestBytes, result.maxQueueBytes / 4);
  return result;
}
