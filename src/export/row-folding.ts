import { millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { SpanStatusCode } from '../core/status.ts';
import type { TreeRow } from './trace-tree.ts';

/** A row as it is printed. */
export interface Row extends TreeRow {
  /** The rows that are folded into this one, at least four; `undefined` if it is a row by itself. */
  readonly folded?: readonly TreeRow[];
}

// Fewer rows are not folded.
const LEAST = 4;

/**
 * Folds consecutive rows of the same name and parent into one: the frames of a stream would push everything else off
 * the screen. A span that has children, links or events, has failed or is open keeps its own row.
 */
export function folded(rows: readonly TreeRow[]): readonly Row[] {
  const result: Row[] = [];
  for (let at = 0; at < rows.length; ) {
    let end = at + 1;
    while (end < rows.length && isAlike(rows[at], rows[end])) end++;
    if (end - at >= LEAST) result.push(foldedRow(rows.slice(at, end)));
    else result.push(...rows.slice(at, end));
    at = end;
  }
  return result;
}

function isAlike(first: TreeRow, next: TreeRow): boolean {
  const isSibling = next.depth > 0 && next.depth === first.depth && next.parent === first.parent;
  return isSibling && next.span.name === first.span.name && isPlain(first) && isPlain(next);
}

function isPlain({ span, hasChildren, isOpen }: TreeRow): boolean {
  const { status, links, events } = span;
  return !hasChildren && !isOpen && status.code !== SpanStatusCode.ERROR && links.length === 0 && events.length === 0;
}

function foldedRow(rows: readonly TreeRow[]): Row {
  const [first] = rows;
  const attributes = Object.entries(first.span.attributes).filter(([key, value]) =>
    rows.every(({ span }) => span.attributes[key] === value),
  );
  // The first span, with the attributes that all of them share. Lists and objects are compared by identity.
  const span = Object.create(first.span, { attributes: { value: Object.fromEntries(attributes) } }) as ReadableSpan;
  return {
    ...first,
    span,
    end: rows.reduce((latest, { end }) => Math.max(latest, end), first.end),
    self: unionOf(rows),
    followed: rows[rows.length - 1].followed,
    folded: rows,
  };
}

/** The durations of a row's spans in milliseconds: shortest, longest, and total, where overlaps count once. */
export function lengthsOf(row: Row): { least: number; most: number; all: number } {
  const rows = row.folded ?? [row];
  const lengths = rows.map(({ span }) => millisOf(span.duration));
  return {
    least: lengths.reduce((least, each) => Math.min(least, each), Infinity),
    most: lengths.reduce((most, each) => Math.max(most, each), 0),
    all: row.folded ? unionOf(rows) : lengths[0],
  };
}

/** How long at least one of the rows was open. Rows must be in the order in which they started. */
function unionOf(rows: readonly TreeRow[]): number {
  let length = 0;
  let seen = -Infinity;
  for (const { start, end } of rows) {
    length += Math.max(0, end - Math.max(start, seen));
    seen = Math.max(seen, end);
  }
  return length;
}
