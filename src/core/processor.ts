import type { Context } from './context.ts';
import { read } from './property.ts';
import type { ReadableSpan, Span } from './span.ts';

const FLUSH_TIMEOUT_MILLIS = 10_000;

/** How long `forceFlush` and `shutdown` may take. */
export interface FlushOptions {
  /** Milliseconds. Default: 10,000. */
  timeoutMillis?: number;
  /** Nothing comes later: a flush tries again until its deadline, as a shutdown does. */
  _isLast?: boolean;
  /**
   * The page may not come back: all requests are handed to `fetch` before the call returns, the first of them with so many bytes
   * at most.
   */
  _firstRequestBytes?: number;
}

/** The milliseconds that `options` name, or the default. Never throws. */
export function flushTimeout(options: FlushOptions | undefined): number {
  const timeout = read(options, 'timeoutMillis');
  return typeof timeout === 'number' && timeout >= 0 ? timeout : FLUSH_TIMEOUT_MILLIS;
}

/** What a flush came to. */
export interface FlushResult {
  /** Spans acknowledged since the flush was asked for. */
  exported: number;
  /** Spans still held or on their way. */
  pending: number;
  /** Spans lost since the flush was asked for: dropped, rejected, or without an answer. */
  dropped: number;
}

/**
 * Is told of every recording span when it starts and when it ends.
 *
 * Specification: OpenTelemetry Trace SDK, "Span processor".
 */
export interface SpanProcessor {
  /** Called with each recording span as it starts, before its creator has it. */
  onStart?(span: Span, parentContext: Context): void;
  /** Called with each recording span as it ends; its data no longer changes. */
  onEnd(span: ReadableSpan): void;
  /**
   * Resolves when all spans ended before the call have left or the time is up, to a {@link FlushResult} where there
   * is something to count. Never rejects.
   */
  forceFlush(options?: FlushOptions): Promise<unknown>;
  /** Flushes, then refuses further spans. Never rejects; a second call does nothing. */
  shutdown(options?: FlushOptions): Promise<unknown>;
}
