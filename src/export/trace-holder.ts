import type { ReadableSpan } from '../core/span.ts';
import type { LocalTrace } from './local-trace.ts';
import type { TracePart } from './waterfall.ts';

// Bounds for traces whose root is open. A root that never ends must not hold its children forever.
const MAX_TRACES = 1_000;
const MAX_SPANS = 10_000;
const PATIENCE_MILLIS = 10_000;

/** Options of a {@link TraceHolder}. */
export interface TraceHolderOptions {
  readonly trace: LocalTrace;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Starts a timer that does not keep the process alive; `undefined` where no timer outlives a request. */
  readonly later: ((callback: () => void, millis: number) => unknown) | undefined;
  /** Prints spans of one trace, the topmost last. `openOf` finds the open spans above them. */
  readonly print: (
    spans: readonly ReadableSpan[],
    note: TracePart['note'],
    openOf?: () => readonly ReadableSpan[],
  ) => void;
}

/** The ended spans of a trace whose root is open. */
interface Held {
  readonly spans: ReadableSpan[];
  /** Used instead of `spans` if the trace is overdue: the spans by parent. */
  readonly children?: Map<number, ReadableSpan[]>;
  /** When the spans are printed even if the root is still open. */
  readonly due: number;
}

/** A trace that is printed in parts, because its root was open for too long or because too many spans were held. */
interface Overdue {
  /** Open spans that printing does not wait for. Each child of one is printed as a part, with all that is below it. */
  readonly shown: Set<number>;
  note: 'partial' | 'late';
}

/**
 * Holds ended spans until their local root ends, and for no longer than its bounds allow.
 *
 *     root ends                        prints the whole trace; if others are open, once the running code has returned
 *     root open for 10 s               prints ended spans, `partial`; then each part as its topmost span ends, `late`
 *     1,000 traces, 10,000 spans held  prints the oldest trace as if its root had been open for 10 s
 *     span ends after its root         prints it by itself, at once, `late`
 *     shutdown                         prints all held spans, `unfinished`
 */
export class TraceHolder {
  /** The number of spans held. */
  spanCount = 0;
  private readonly _options: TraceHolderOptions;
  // By root, in the order in which the first span of each trace came.
  private readonly _held = new Map<ReadableSpan, Held>();
  // Traces of which something was printed. The value is `undefined` once the root has ended.
  private readonly _printed = new WeakMap<ReadableSpan, Overdue | undefined>();
  // Roots that the running code has ended, and that are not printed yet.
  private readonly _ending = new Map<ReadableSpan, ReadableSpan>();
  private _timer: unknown;
  private _due = Infinity;

  constructor(options: TraceHolderOptions) {
    this._options = options;
  }

  add(span: ReadableSpan): void {
    const { trace } = this._options;
    const root = trace.rootOf(span);
    if (span.isLocalRoot) {
      this._ending.set(root, span);
      // The span of a message ends right after the listener that ended the root, and belongs in the same picture.
      if (!this._printed.has(root) && trace.hasOpenBelow(root)) {
        if (!this._held.has(root)) this._held.set(root, { spans: [], due: Infinity });
        queueMicrotask(() => this._printWhole(root));
      } else this._printWhole(root);
      return;
    }
    const held = this._held.get(root);
    // The hot path: nearly all spans come here.
    if (held !== undefined && held.children === undefined) {
      held.spans.push(span);
      this._count();
    } else if (this._printed.has(root) && this._printed.get(root) === undefined) this._options.print([span], 'late');
    else this._addFirst(root, span, held);
  }

  /** Prints the traces whose root has ended. */
  flush(): void {
    for (const root of this._ending.keys()) this._printWhole(root);
  }

  /** Prints all held spans. */
  shutdown(): void {
    this.flush();
    for (const root of this._held.keys()) this._printPart(root, 'unfinished');
    clearTimeout(this._timer as number | undefined);
  }

  /** Prints a trace whose root has ended, once. */
  private _printWhole(root: ReadableSpan): void {
    const ended = this._ending.get(root);
    if (ended === undefined) return;
    this._ending.delete(root);
    const note = this._printed.has(root) ? 'late' : undefined;
    this._printed.set(root, undefined);
    this._options.print([...this._take(root), ended], note);
  }

  /** Adds the first span of a trace, or one to an overdue trace. */
  private _addFirst(root: ReadableSpan, span: ReadableSpan, held: Held | undefined): void {
    const { now, trace } = this._options;
    const time = now();
    let overdue = this._printed.get(root);
    if (overdue === undefined) {
      const due = (trace.startOf(root) ?? time) + PATIENCE_MILLIS;
      if (due > time) {
        this._held.set(root, { spans: [span], due });
        this._count();
        this._awaken(due);
        return;
      }
      overdue = this._setOverdue(root);
    }
    const parent = trace.parentIdOf(span);
    if (overdue.shown.has(parent)) {
      this._options.print([...this._takeBelow(held, span), span], overdue.note);
      if (held?.children?.size === 0) this._held.delete(root);
      overdue.note = 'late';
      return;
    }
    const children = held?.children ?? new Map<number, ReadableSpan[]>();
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
    if (held === undefined) {
      const due = time + PATIENCE_MILLIS;
      this._held.set(root, { spans: [], children, due });
      this._awaken(due);
    }
    this._count();
  }

  private _count(): void {
    this.spanCount++;
    if (this._held.size <= MAX_TRACES && this.spanCount <= MAX_SPANS) return;
    const [oldest] = this._held.keys();
    this._printPart(oldest);
  }

  /** Schedules printing for `due`, unless it is scheduled earlier. */
  private _awaken(due: number): void {
    const { now, later } = this._options;
    if (due < this._due) {
      clearTimeout(this._timer as number | undefined);
      this._due = due;
      this._timer = later?.(() => this._printOverdue(due), due - now());
    }
    // Without timers, overdue traces are printed here.
    if (now() >= this._due) this._printOverdue(now());
  }

  private _printOverdue(time: number): void {
    let next = Infinity;
    this._due = Infinity;
    for (const [root, { due }] of this._held) {
      if (due <= time) this._printPart(root);
      else next = Math.min(next, due);
    }
    if (next < Infinity) this._awaken(next);
  }

  /** Prints the held spans of a trace. */
  private _printPart(root: ReadableSpan, note?: 'unfinished'): void {
    if (this._ending.has(root)) {
      this._printWhole(root);
      return;
    }
    const { print, trace } = this._options;
    const overdue = this._setOverdue(root);
    print(this._take(root), note ?? overdue.note, () => trace.openOf(root));
    overdue.note = 'late';
  }

  private _setOverdue(root: ReadableSpan): Overdue {
    const { now, trace } = this._options;
    const overdue: Overdue = this._printed.get(root) ?? { shown: new Set(), note: 'partial' };
    const { shown } = overdue;
    const before = now() - PATIENCE_MILLIS;
    shown.add(trace.idOf(root));
    // The search takes longer the more spans are open. Below a young root, no span is old enough to be found.
    if (!((trace.startOf(root) ?? before) > before)) {
      for (const span of trace.openOf(root)) {
        if ((trace.startOf(span) ?? Infinity) <= before) shown.add(trace.idOf(span));
      }
    }
    // Bounded, because a root that never ends may have any number of such spans over time.
    for (const id of shown) {
      if (shown.size <= MAX_TRACES) break;
      if (id !== trace.idOf(root)) shown.delete(id);
    }
    this._printed.set(root, overdue);
    return overdue;
  }

  private _take(root: ReadableSpan): ReadableSpan[] {
    const held = this._held.get(root);
    if (held === undefined) return [];
    this._held.delete(root);
    const spans = held.children === undefined ? held.spans : [...held.children.values()].flat();
    this.spanCount -= spans.length;
    return spans;
  }

  /** Takes the held spans below a span. */
  private _takeBelow(held: Held | undefined, span: ReadableSpan): ReadableSpan[] {
    if (held?.children === undefined) return [];
    const { idOf } = this._options.trace;
    const spans: ReadableSpan[] = [];
    for (let at = -1, above = span; above !== undefined; above = spans[++at]) {
      const below = held.children.get(idOf(above));
      if (below === undefined) continue;
      // Taken once only, in case an id generator returns the same id twice.
      held.children.delete(idOf(above));
      for (const child of below) spans.push(child);
    }
    this.spanCount -= spans.length;
    return spans;
  }
}
