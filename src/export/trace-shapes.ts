import { millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { SpanStatusCode } from '../core/status.ts';

/** So long traces of one shape are counted together. */
export const WINDOW_MILLIS = 1_000;
// In so long a time, of one shape and of all: what comes beyond is counted.
const MAX_OF_SHAPE = 10;
const MAX_OF_ALL = 100;
// What differs in its names beyond that is of the shape of all others.
const MAX_SHAPES = 1_000;
const MAX_NAMES = 32;
const MAX_LENGTHS = 1_000;
// Lines that tell of them; the rest is told in one.
const MAX_LINES = 5;

/** Traces that have not been printed. */
export interface ShapeSummary {
  /** Of the local root; `undefined` where there were too many to tell apart. */
  readonly name: string | undefined;
  readonly spans: number;
  readonly count: number;
  readonly errors: number;
  /** Milliseconds, of the local roots. */
  readonly p50: number;
  readonly p95: number;
}

interface Shape {
  readonly name: string | undefined;
  readonly spans: number;
  admitted: number;
  count: number;
  errors: number;
  /** Milliseconds; of so many that not all are kept, some. */
  readonly lengths: number[];
}

/** Tells which traces are one too many: of those that look the same, a few a second are enough for anybody to read. */
export class TraceShapes {
  private readonly _shapes = new Map<string, Shape>();
  private _admitted = 0;
  private _since = Number.NEGATIVE_INFINITY;

  /** Whether there is something to summarize at time `now`, in milliseconds. */
  isOver(now: number): boolean {
    return now - this._since >= WINDOW_MILLIS;
  }

  /** Whether a trace is to be printed; if not, it is counted. The first one begins a window. */
  admit(root: ReadableSpan, spans: readonly ReadableSpan[], now: number): boolean {
    if (this._shapes.size === 0) this._since = now;
    const shape = this._shapeOf(root, spans);
    if (shape.admitted < MAX_OF_SHAPE && this._admitted < MAX_OF_ALL) {
      shape.admitted++;
      this._admitted++;
      return true;
    }
    const at = shape.count++;
    // Each has its turn to be kept.
    shape.lengths[at < MAX_LENGTHS ? at : (at * 7_919) % MAX_LENGTHS] = millisOf(root.duration);
    if (spans.some(({ status }) => status.code === SpanStatusCode.ERROR)) shape.errors++;
    return false;
  }

  /** What has been counted since the window began, the most first, and an end of that. */
  take(): ShapeSummary[] {
    const counted = [...this._shapes.values()].filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
    this._shapes.clear();
    this._admitted = 0;
    const others = counted.splice(MAX_LINES);
    if (others.length > 0) counted.push(together(others));
    return counted.map(({ name, spans, count, errors, lengths }) => {
      lengths.sort((a, b) => a - b);
      const quantile = (part: number) => lengths[Math.min(Math.floor(lengths.length * part), lengths.length - 1)];
      return { name, spans, count, errors, p50: quantile(0.5), p95: quantile(0.95) };
    });
  }

  private _shapeOf(root: ReadableSpan, spans: readonly ReadableSpan[]): Shape {
    const names = spans.slice(0, MAX_NAMES).map(({ name }) => name);
    // Those that run side by side end in any order.
    const key = this._admitted < MAX_OF_ALL ? [root.name, spans.length, ...names.sort()].join('\0') : root.name;
    let shape = this._shapes.get(key);
    if (shape === undefined) {
      const isOneTooMany = this._shapes.size >= MAX_SHAPES;
      shape = (isOneTooMany && this._shapes.get('')) || {
        name: isOneTooMany ? undefined : root.name,
        spans: isOneTooMany ? 0 : spans.length,
        admitted: 0,
        count: 0,
        errors: 0,
        lengths: [],
      };
      this._shapes.set(isOneTooMany ? '' : key, shape);
    }
    return shape;
  }
}

function together(shapes: readonly Shape[]): Shape {
  const sum = (of: (shape: Shape) => number) => shapes.reduce((total, shape) => total + of(shape), 0);
  return {
    name: undefined,
    spans: 0,
    admitted: 0,
    count: sum(({ count }) => count),
    errors: sum(({ errors }) => errors),
    lengths: shapes.flatMap(({ lengths }) => lengths),
  };
}
