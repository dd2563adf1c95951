import type { ReadableSpan } from '../core/span.ts';
import type { LocalTrace } from './local-trace.ts';
import type { TracePart } from './waterfall.ts';

// Of traces whose root is open. A root that never ends must not hold its children for ever.
const MAX_TRACES = 1_000;
const MAX_SPANS = 10_000;
const PATIENCE_MILLIS = 10_000;

/** What a {@link TraceHolder} works with. */
export interface TraceHolderOptions {
  readonly trace: LocalTrace;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Starts a timer that does not hold the process; `undefined` where none outlives a request. May throw. */
  readonly later: ((callback: () => void, millis: number) => unknown) | undefined;
  /** Takes spans of one trace, the topmost last; `openOf` finds those that are above them and go on. */
  readonly print: (
    spans: readonly ReadableSpan[],
    note: TracePart['note'],
    openOf?: () => readonly ReadableSpan[],
  ) => void;
}

/** The ended spans of a trace whose root is open. */
interface Held {
  readonly spans: ReadableSpan[];
  /** In place of these, where the trace is overdue: by their parents. */
  readonly children?: Map<number, ReadableSpan[]>;
  /** When they are printed although the root is open. */
  readonly due: number;
}

/** A trace that is printed in parts, because its root has been open for too long or because too much was held. */
interface Overdue {
  /** The open spans that somebody who reads the output need not wait for; what is directly below one is a part. */
  readonly shown: Set<number>;
  note: 'partial' | 'late';
}

/**
 * Holds ended spans until their local root ends, and for no longer than its bounds allow.
 *
 *     root ends                        all of it, as a whole
 *     root open for 10 s               what has ended, `partial`; from then on parts, each as its topmost span ends, `late`
 *     1,000 traces, 10,000 spans held  the oldest trace, as if its root had been open for 10 s
 *     span ends after its root         by itself, at once, `late`
 *     shutdown                         what is held, `unfinished`
 */
export class TraceHolder {
  /** Spans that are held. */
  spanCount = 0;
  private readonly _options: TraceHolderOptions;
  // By root, in the order in which the first span of each came.
  private readonly _held = new Map<ReadableSpan, Held>();
  // What is printed in parts; `undefined` where the root has ended, too.
  private readonly _printed = new WeakMap<ReadableSpan, Overdue | undefined>();
  private _timer: unknown;
  private _due = Infinity;

  constructor(options: TraceHolderOptions) {
    this._options = options;
  }

  add(span: ReadableSpan): void {
    const root = this._options.trace.rootOf(span);
    if (span.isLocalRoot) {
      const note = this._printed.has(root) ? 'late' : undefined;
      this._printed.set(root, undefined);
      this._options.print([...this._take(root), span], note);
      return;
    }
    const held = this._held.get(root);
    // Nearly all spans come here.
    if (held !== undefined && held.children === undefined) {
      held.spans.push(span);
      this._count();
    } else if (this._printed.has(root) && this._printed.get(root) === undefined) this._options.print([span], 'late');
    else this._addFirst(root, span, held);
  }

  /** Prints all that is held. */
  shutdown(): void {
    for (const root of this._held.keys()) this._printPart(root, 'unfinished');
    clearTimeout(this._timer as number | undefined);
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

  /** Sees to it that nothing is held for longer than until `due`. */
  private _awaken(due: number): void {
    const { now, later } = this._options;
    if (due < this._due) {
      clearTimeout(this._timer as number | undefined);
      this._due = due;
      try {
        this._timer = later?.(() => this._printOverdue(due), due - now());
      } catch {
        // Workers forbid timers at module scope.
      }
    }
    // For where there are no timers.
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

  /** Prints what is held of a trace. */
  private _printPart(root: ReadableSpan, note?: 'unfinished'): void {
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
    // To look for them takes as long as there are open spans, and below a root that is younger none is old enough.
    if (!((trace.startOf(root) ?? before) > before)) {
      for (const span of trace.openOf(root)) {
        if ((trace.startOf(span) ?? Infinity) <= before) shown.add(trace.idOf(span));
      }
    }
    // In a root that never ends there may be any number of them, one after the other.
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

  /** What is held below a span. */
  private _takeBelow(held: Held | undefined, span: ReadableSpan): ReadableSpan[] {
    if (held?.children === undefined) return [];
    const { idOf } = this._options.trace;
    const spans: ReadableSpan[] = [];
    for (let at = -1, above = span; above !== undefined; above = spans[++at]) {
      const below = held.children.get(idOf(above));
      if (below === undefined) continue;
      // Once only, should a generator give the same id twice.
      held.children.delete(idOf(above));
      for (const child of below) spans.push(child);
    }
    this.spanCount -= spans.length;
    return spans;
  }
}
