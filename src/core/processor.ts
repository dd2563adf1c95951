import type { Context } from './context.ts';
import { read } from './property.ts';
import type { ApiSpan, ReadableSpan } from './span.ts';

const FLUSH_TIMEOUT_MILLIS = 10_000;

/** Options of `forceFlush` and `shutdown`. */
export interface FlushOptions {
  /** How long the call may take, in milliseconds. Default: 10,000. */
  timeoutMillis?: number;
  /** No flush follows: this one retries until its deadline, as a shutdown does. */
  _isLast?: boolean;
  /**
   * The page may not come back: pass all requests to `fetch` before the call returns. The first one has at most this
   * many bytes.
   */
  _firstRequestBytes?: number;
}

/** Returns the timeout in `options`, or the default. Never throws. */
export function flushTimeout(options: FlushOptions | undefined): number {
  const timeout = read(options, 'timeoutMillis');
  return typeof timeout === 'number' && timeout >= 0 ? timeout : FLUSH_TIMEOUT_MILLIS;
}

/** The result of a flush. */
export interface FlushResult {
  /** Spans acknowledged since the call. */
  exported: number;
  /** Spans still queued or in flight. */
  pending: number;
  /** Spans lost since the call: dropped, rejected, or without an answer. */
  dropped: number;
}

/**
 * Receives every recording span when it starts and when it ends.
 *
 * Specification: OpenTelemetry Trace SDK, "Span processor".
 */
export interface SpanProcessor {
  /**
   * Receives each recording span as it starts, before the code that starts it does. Declare the parameter as
   * {@link StartedSpan} to read what the span has been given.
   */
  onStart?(span: ApiSpan, parentContext: Context): void;
  /**
   * Receives each recording span just before it ends, when you can still write to it, as a {@link StartedSpan}, too.
   *
   * Specification: OpenTelemetry Trace SDK, "OnEnding" (in development).
   */
  onEnding?(span: ApiSpan): void;
  /**
   * Receives each recording span as it ends. Its methods no longer change it. What you change in its `attributes`,
   * `events`, `links` and `status` holds for the processors that follow: to remove secrets, for example.
   */
  onEnd(span: ReadableSpan): void;
  /**
   * Resolves when all spans that ended before the call have left, or when the time is up. Resolves to a
   * {@link FlushResult} if there is something to count. Never rejects.
   */
  forceFlush(options?: FlushOptions): Promise<unknown>;
  /** Flushes, then refuses further spans. Never rejects. A second call does nothing. */
  shutdown(options?: FlushOptions): Promise<unknown>;
}
