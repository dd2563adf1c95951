import type { ReadableSpan } from '../core/span.ts';
import { traceTree } from './trace-tree.ts';

/** What of a trace is printed at once. */
export interface TracePart {
  readonly traceId: string;
  /** Those that have ended, in any order. */
  readonly spans: readonly ReadableSpan[];
  /** Those that have begun and not ended. */
  readonly open?: readonly ReadableSpan[];
  /** `undefined` where it is the whole trace. */
  readonly note?: 'partial' | 'late' | 'unfinished';
}

/** How it is printed. */
export interface WaterfallStyle {
  readonly columns: number;
  readonly hasColor: boolean;
  readonly hasUnicode: boolean;
  /** Keys of the attributes that are shown, or their beginnings followed by `*`. Default: all. */
  readonly attributes?: readonly string[];
}

/** A part of a trace for people, without a newline at its end. */
export function waterfall({ spans, note }: TracePart, _style: WaterfallStyle): string {
  return traceTree(spans, note ?? '');
}
