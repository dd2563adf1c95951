import type { ReadableSpan } from '../core/span.ts';
import { cut } from '../core/text.ts';
import { durationText } from './duration.ts';
import type { LocalTrace } from './local-trace.ts';
import { printable } from './text-width.ts';
import type { TracePart, WaterfallStyle } from './waterfall.ts';

const SECOND_MILLIS = 1_000;
// Traces of one shape that are printed in full per second, before the others become one line.
const MAX_TRACES = 10;
// Shapes per second. All further ones, such as those with ids in their names, count as one shape.
const MAX_SHAPES = 100;
const OTHERS = -1;
// The size of the sample from which percentiles are computed, whatever the number of traces.
const MAX_DURATIONS = 1_000;
const MAX_NAME = 60;

/** Options of {@link TraceShapes}. */
export interface TraceShapesOptions {
  readonly trace: LocalTrace;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Starts a timer that does not keep the process alive; `undefined` where no timer outlives a request. May throw. */
  readonly later: ((callback: () => void, millis: number) => unknown) | undefined;
  readonly print: (crowd: TraceCrowd) => void;
}

/** Traces of one shape in one second, beyond those that are printed in full. */
export interface TraceCrowd {
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  /** In milliseconds, of all traces or of a random sample of 1,000. */
  readonly durations: readonly number[];
  /** The length of the time in which they ended. */
  readonly millis: number;
}

interface Shape {
  readonly name: string;
  /** How many were printed in full in this second, of the traces without and with a failed span. */
  readonly shown: [good: number, failed: number];
  /** How many were not. */
  count: number;
  errors: number;
  durations: number[];
}

/**
 * In each second, lets through the first ten successful and the first ten failed traces of each shape, and counts the
 * others.
 */
export class TraceShapes {
  private readonly _options: TraceShapesOptions;
  private readonly _shapes = new Map<number, Shape>();
  /** When the second began, and when counting last began in it. */
  private _start = -Infinity;
  private _from = 0;
  private _timer: unknown;

  constructor(options: TraceShapesOptions) {
    this._options = options;
  }

  /** True if the spans of a trace, the topmost last, are to be printed. If false, the trace has been counted. */
  admit(spans: readonly ReadableSpan[], note: TracePart['note']): boolean {
    const { now, trace } = this._options;
    const time = now();
    if (!(time - this._start < SECOND_MILLIS)) {
      this._end();
      this._start = this._from = time;
    }
    let key = shapeOf(spans, note, trace);
    if (this._shapes.size >= MAX_SHAPES && !this._shapes.has(key)) key = OTHERS;
    const top = spans[spans.length - 1];
    let shape = this._shapes.get(key);
    if (shape === undefined) {
      const name = key === OTHERS ? 'other traces' : top.name;
      shape = { name, shown: [0, 0], count: 0, errors: 0, durations: [] };
      this._shapes.set(key, shape);
    }
    const isFailed = spans.some(trace.hasFailed) ? 1 : 0;
    if (shape.shown[isFailed]++ < MAX_TRACES) return true;
    shape.errors += isFailed;
    const { durations } = shape;
    const nth = ++shape.count;
    // Reservoir sampling: each duration has the same chance to be kept.
    const place = nth <= MAX_DURATIONS ? nth - 1 : Math.floor(Math.random() * nth);
    if (place < MAX_DURATIONS) durations[place] = trace.millisOf(top);
    this._timer ??= this._options.later?.(() => this._end(), this._start + SECOND_MILLIS - time);
    return false;
  }

  /** Prints the counts, and starts new ones for the rest of the second. */
  flush(): void {
    const time = this._options.now();
    this._print(Math.min(time - this._from, SECOND_MILLIS));
    this._from = time;
  }

  /** Prints the counts for the last time. */
  shutdown(): void {
    this.flush();
    clearTimeout(this._timer as number | undefined);
  }

  /** Ends the second without asking the clock, which may stand still. */
  private _end(): void {
    clearTimeout(this._timer as number | undefined);
    this._timer = undefined;
    this._print(this._start + SECOND_MILLIS - this._from);
    this._shapes.clear();
    this._start = -Infinity;
  }

  private _print(millis: number): void {
    for (const shape of this._shapes.values()) {
      const { name, count, errors, durations } = shape;
      if (count === 0) continue;
      shape.count = shape.errors = 0;
      shape.durations = [];
      this._options.print({ name, count, errors, durations, millis });
    }
  }
}

/**
 * A hash of the names of spans and of their nesting, independent of ids. Repetition and order do not matter, so a
 * request with nine audio frames has the same shape as one with ten.
 */
function shapeOf(spans: readonly ReadableSpan[], note = '', { idOf, parentIdOf }: LocalTrace): number {
  let shape = hash(0, note);
  if (spans.length === 1) return hash(shape, spans[0].name);
  const byId = new Map(spans.map((span) => [idOf(span), span]));
  const paths = new Map<number, number>();
  for (let [id, span] of byId) {
    // Up to a known ancestor and down again, without recursion: a chain of spans may be deeper than the call stack.
    const below: [number, ReadableSpan][] = [];
    for (let above: ReadableSpan | undefined = span; above !== undefined && !paths.has(id); above = byId.get(id)) {
      below.push([id, above]);
      // Visited once only, in case an id generator returns the same id twice.
      paths.set(id, 0);
      id = parentIdOf(above);
    }
    let path = paths.get(id) ?? 0;
    for (let at = below.length - 1; at >= 0; at--) {
      [id, span] = below[at];
      path = hash(path, span.name);
      paths.set(id, path);
    }
  }
  // A sum, which does not depend on the order.
  for (const path of new Set(paths.values())) shape = (shape + Math.imul(path, 0x9e3779b1)) >>> 0;
  return shape;
}

/** FNV-1a. */
function hash(seed: number, text: string): number {
  let value = seed ^ 0x811c9dc5;
  // Bounded, because names may have any length.
  const length = Math.min(text.length, 200);
  for (let at = 0; at < length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

/** The line for traces that are not printed in full. */
export function crowdText(
  { name, count, errors, durations, millis }: TraceCrowd,
  { hasUnicode, hasColor }: Pick<WaterfallStyle, 'hasUnicode' | 'hasColor'>,
): string {
  const sorted = [...durations].sort((a, b) => a - b);
  // The shortest duration that this percentage of traces does not exceed.
  const percentile = (percent: number) =>
    durationText(sorted[Math.ceil((percent / 100) * sorted.length) - 1], hasUnicode ? 'µ' : 'u');
  const errorText = `${countText(errors)} ${errors === 1 ? 'error' : 'errors'}`;
  const parts = [
    `${hasUnicode ? '…' : '...'} ${countText(count)} more of ${printable(cut(name, MAX_NAME))} in ${
      millis < SECOND_MILLIS ? `${Math.round(millis)} ms` : '1 s'
    }`,
    `p50 ${percentile(50)}`,
    `p95 ${percentile(95)}`,
    errors > 0 && hasColor ? `\x1b[31m${errorText}\x1b[0m` : errorText,
  ];
  return parts.join(', ');
}

/** Formats a number with commas between thousands. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
