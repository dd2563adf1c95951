import type { Attributes } from '../core/attributes.ts';
import { millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { ERROR } from '../core/status.ts';
import { textOf } from '../core/text.ts';
import { attributeText } from './attribute-text.ts';
import { axisStep, axisText, durationText } from './duration-text.ts';
import { EXCEPTION, failureOf } from './failure.ts';
import { printable } from './printable.ts';
import { fitted, textWidth } from './text-width.ts';
import { nanosSince, ownTime, type TraceNode, type TraceTree, traceTree } from './trace-tree.ts';

/** What of a trace is printed at once. */
export interface TracePart {
  readonly traceId: string;
  /** Ended ones, in any order. */
  readonly spans: readonly ReadableSpan[];
  /** Begun and not ended; they are drawn to the end of what is known. */
  readonly open?: readonly ReadableSpan[];
  /** Said in the heading. Without it, the trace is whole. */
  readonly note?: 'partial' | 'late' | 'unfinished';
}

/** How it is printed. */
export interface WaterfallStyle {
  /** The width to keep to: 40 to 400; what is less or more is taken for these. */
  readonly columns: number;
  readonly hasColor: boolean;
  /** False: all is ASCII. */
  readonly hasUnicode: boolean;
  /**
   * Keys, or their beginnings with a `*` behind, of the attributes that are shown. Default: those that say something new,
   * the ones of models, media and pipelines first, as far as there is room.
   */
  readonly attributes?: readonly string[];
}

// Of longer traces the middle is left out, except for what failed or took longest.
const MAX_HEAD = 120;
const MAX_TAIL = 60;
const MAX_KEPT = 20;
const MIN_COLUMNS = 40;
const MAX_COLUMNS = 400;
// Of a name in the heading.
const MAX_NAME = 60;
// What names may have of a line.
const NAME_SHARE = 0.42;
// Columns from one mark of the axis to the next, at least.
const MIN_TICK = 9;
// Fewer columns say nothing of when a span was.
const MIN_BAR = 10;
// From here on what there is to say of a span stands beside its bar, in a column of its own, and below it elsewhere.
const MIN_BESIDE = 100;
const BAR_SHARE = 0.4;
const MARGIN = '  ';
const GAP = '  ';
// Lines below a span: of its error, and of what else there is to say where attributes were asked for by name.
const MAX_ERROR_LINES = 3;
const MAX_CHOSEN_LINES = 4;
// What is worth the room, where there is little.
const TELLING = /^(llm|stt|tts|gen_ai|audio|video|pipeline|error)\.|status/;
// Letters after which a terminal would move a number in front of them.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// Without Unicode each of our own characters has one of the same width.
const ASCII: Readonly<Record<string, string>> = {
  '├': '|',
  '└': '`',
  '│': '|',
  '╶': '-',
  '─': '-',
  '━': '=',
  '╸': '|',
  '▶': '>',
  '◆': '*',
  '✗': '!',
  '◄': '<',
  '→': '>',
  '⋮': ':',
  '×': 'x',
  µ: 'u',
};

const BOLD = 1;
const DIM = 2;
const RED = 31;
const YELLOW = 33;
const MAGENTA = 35;
const CYAN = 36;

/** Text in one colour; 0 is that of the terminal. */
interface Piece {
  readonly text: string;
  readonly color: number;
}

/** A span that is shown. */
interface Row {
  readonly node: TraceNode;
  /** The lines of the tree before its name. */
  readonly indent: string;
  /** The same before what stands below its name. */
  readonly below: string;
  readonly name: string;
  readonly duration: string;
}

/** A trace, and where on the lines its columns are. */
interface Sheet extends WaterfallStyle {
  readonly tree: TraceTree;
  readonly rows: ReadonlyMap<TraceNode, Row>;
  readonly slowest: TraceNode | undefined;
  readonly clean: (text: string) => string;
  readonly paint: (text: string, color?: number) => string;
  readonly nameWidth: number;
  readonly durationWidth: number;
  /** 0: there is no bar. */
  readonly barWidth: number;
  /** 0: what there is to say has no column of its own. */
  readonly besideWidth: number;
}

/**
 * A trace for people: its id, service, start and length, then a line a span with its name, its duration and a bar on a
 * time axis, children below their parent in the order in which they started. A bar is thick where the span itself was
 * at work and thin where it waited for those below it. Never throws.
 *
 * @returns Whole lines, none wider than `style.columns`; empty for no spans.
 */
export function waterfall(trace: TracePart, style: WaterfallStyle): string {
  const { spans, open = [] } = trace;
  if (spans.length + open.length === 0) return '';
  const { hasColor, hasUnicode } = style;
  const tree = traceTree(spans, open);
  const slowest = slowestOf(tree);
  const columns = Math.min(Math.max(Math.floor(style.columns) || 80, MIN_COLUMNS), MAX_COLUMNS);
  const clean = (text: string) => printable(text, hasUnicode);
  const rows = rowsOf(tree.nodes, shownOf(tree.nodes, slowest), columns, clean);
  const sheet: Sheet = {
    ...style,
    ...widthsOf(rows, columns),
    columns,
    tree,
    rows,
    slowest,
    clean,
    paint: (text, color = 0) => (hasColor && color > 0 && text !== '' ? `\x1b[${color}m${text}\x1b[0m` : text),
  };

  const lines = headingLines(trace, sheet);
  if (sheet.barWidth > 0) lines.push(axisLine(sheet));
  let hidden: TraceNode[] = [];
  const tellHidden = () => {
    const text = `⋮ ${spanCount(hidden)} not shown${failedText(hidden, ', ')}`;
    if (hidden.length > 0) lines.push(MARGIN + sheet.paint(text, DIM));
    hidden = [];
  };
  for (const node of tree.nodes) {
    const row = rows.get(node);
    if (row === undefined) {
      hidden.push(node);
    } else {
      tellHidden();
      lines.push(...spanLines(row, sheet));
    }
  }
  tellHidden();
  const text = `${lines.join('\n')}\n`;
  return hasUnicode ? text : text.replace(/[^\0-\x7f]/g, (character) => ASCII[character] ?? '~');
}

/** The span that took longest by itself; none where there is not much to choose from. */
function slowestOf({ nodes }: TraceTree): TraceNode | undefined {
  if (nodes.length < 3) return undefined;
  let longest = 0;
  let slowest: TraceNode | undefined;
  for (const node of nodes) {
    const own = node.isOpen ? 0 : ownTime(node);
    if (own > longest) [longest, slowest] = [own, node];
  }
  return slowest;
}

/** All but the middle of a long trace. */
function shownOf(nodes: readonly TraceNode[], slowest: TraceNode | undefined): Set<TraceNode> {
  if (nodes.length <= MAX_HEAD + MAX_TAIL) return new Set(nodes);
  const failed = nodes.slice(MAX_HEAD, -MAX_TAIL).filter(({ span }) => hasFailed(span));
  const shown = new Set([...nodes.slice(0, MAX_HEAD), ...failed.slice(0, MAX_KEPT), ...nodes.slice(-MAX_TAIL)]);
  if (slowest !== undefined) shown.add(slowest);
  return shown;
}

function rowsOf(
  nodes: readonly TraceNode[],
  shown: ReadonlySet<TraceNode>,
  columns: number,
  clean: Sheet['clean'],
): Map<TraceNode, Row> {
  const rows = new Map<TraceNode, Row>();
  // What is deeper goes straight down and has its depth before it: half of the width of names is for names.
  const maxDepth = Math.floor((columns * NAME_SHARE) / 6);
  const places = new Map<TraceNode, { depth: number; below: string }>();
  for (const node of nodes) {
    const { span, parent, start, end, isOpen } = node;
    const above = places.get(parent as TraceNode);
    const depth = above === undefined ? 0 : above.depth + 1;
    let indent = '';
    let below = above?.below ?? '';
    if (above !== undefined) {
      const isLast = parent?.children.at(-1) === node;
      const branch = isLast ? '└' : '├';
      indent = below + branch + (depth > maxDepth ? `${depth} ` : '─ ');
      if (depth <= maxDepth) below += isLast ? '   ' : '│  ';
    } else if (isOrphan(span)) {
      indent = '╶─ ';
      below = '   ';
    }
    places.set(node, { depth, below });
    if (!shown.has(node)) continue;
    const name = clean(span.name);
    const duration = isOpen ? 'open' : durationText(end - start);
    rows.set(node, {
      node,
      indent,
      below: below + (node.children.length > 0 ? '│  ' : '   '),
      name: (hasFailed(span) ? '✗ ' : '') + name,
      duration: (RIGHT_TO_LEFT.test(name) ? 'in ' : '') + duration,
    });
  }
  return rows;
}

/** Names have what they need, up to their share; of what remains bars have all, but in wide terminals. */
function widthsOf(rows: ReadonlyMap<TraceNode, Row>, columns: number) {
  let nameWidth = 0;
  let durationWidth = 0;
  for (const { indent, name, duration } of rows.values()) {
    nameWidth = Math.max(nameWidth, textWidth(indent + name));
    durationWidth = Math.max(durationWidth, duration.length);
  }
  nameWidth = Math.min(nameWidth, Math.floor(columns * NAME_SHARE));
  // Two columns after the name, and three after the duration, where the slowest has a mark.
  const rest = columns - MARGIN.length - nameWidth - durationWidth - 5;
  const [first] = rows.values();
  // A bar that is always as long as the axis says nothing.
  if ((rows.size === 1 && first.node.span.events.length === 0) || rest < MIN_BAR) {
    return { nameWidth, durationWidth, barWidth: 0, besideWidth: Math.max(rest, 0) };
  }
  const barWidth = rest < MIN_BESIDE ? rest : Math.floor(rest * BAR_SHARE);
  return { nameWidth, durationWidth, barWidth, besideWidth: Math.max(rest - barWidth - GAP.length, 0) };
}

function headingLines({ traceId, note }: TracePart, sheet: Sheet): string[] {
  const { tree, columns, slowest, clean } = sheet;
  const { nodes } = tree;
  const open = nodes.filter(({ isOpen }) => isOpen).length;
  const pieces = [
    piece(clean(`trace ${traceId}`), BOLD),
    piece(clean(textOf(nodes[0].span.resource.attributes['service.name']))),
    piece(new Date(millisOf(tree.start)).toISOString()),
    piece(durationText(tree.length), BOLD),
    piece(spanCount(nodes)),
    piece(failedText(nodes, '✗ '), RED),
    piece(open > 0 ? `${open} open` : ''),
    piece(note ? `(${note})` : '', YELLOW),
    piece(slowest === undefined ? '' : `◄ slowest: ${fitted(clean(slowest.span.name), MAX_NAME)}`, YELLOW),
  ].filter(({ text }) => text !== '');
  const lines = flow(pieces, columns - MARGIN.length, pieces.length, GAP, sheet);
  return lines.map((line, at) => (at === 0 ? line : MARGIN + line));
}

function spanCount({ length }: readonly TraceNode[]): string {
  return `${length} span${length === 1 ? '' : 's'}`;
}

/** How many have failed; empty for none. */
function failedText(nodes: readonly TraceNode[], before: string): string {
  const failed = nodes.filter(({ span }) => hasFailed(span)).length;
  return failed > 0 ? `${before}${failed} failed` : '';
}

function axisLine(sheet: Sheet): string {
  const { tree, barWidth, nameWidth, durationWidth, paint } = sheet;
  const step = axisStep((tree.length / barWidth) * Math.max(MIN_TICK, barWidth / 8));
  let axis = '│0';
  for (let nanos = step; nanos < tree.length; nanos += step) {
    const tick = `│${axisText(nanos)}`;
    const at = Math.round((nanos / tree.length) * barWidth);
    if (at > axis.length && at + tick.length <= barWidth) axis = axis.padEnd(at) + tick;
  }
  return ' '.repeat(MARGIN.length + nameWidth + durationWidth + 5) + paint(axis, DIM);
}

/** The line of a span, and those below it that are about it. */
function spanLines(row: Row, sheet: Sheet): string[] {
  const { node, indent, duration } = row;
  const { nameWidth, durationWidth, barWidth, besideWidth, columns, attributes, paint } = sheet;
  const isSlowest = node === sheet.slowest;
  const name = fitted(row.name, nameWidth - textWidth(indent));
  const color = hasFailed(node.span) ? RED : isSlowest ? YELLOW : 0;
  const bar = barWidth > 0 ? barOf(node, sheet) : '';
  const details = detailsOf(node, sheet);

  const isWhole = details.reduce((sum, { text }) => sum + textWidth(text) + GAP.length, -GAP.length) <= besideWidth;
  // What was asked for by name, and links, which no one can guess, are not to fall off the end.
  const isCut = attributes === undefined && node.span.links.length === 0;
  const isBeside = details.length > 0 && (isWhole || (isCut && besideWidth > 0 && barWidth > 0));
  const [beside = ''] = isBeside ? flow(details, besideWidth, 1, GAP, sheet) : [];

  const head =
    MARGIN +
    paint(indent, DIM) +
    paint(name, color || (node.parent === undefined ? BOLD : 0)) +
    ' '.repeat(nameWidth - textWidth(indent + name)) +
    GAP +
    paint(duration.padStart(durationWidth), color);
  const tail =
    (isSlowest ? ` ${paint('◄', YELLOW)} ` : '   ') +
    bar.replace(/[◆✗]|[^◆✗ ]+/g, (text) => paint(text, text === '◆' ? MAGENTA : text === '✗' ? RED : color || CYAN)) +
    (barWidth > 0 && isBeside ? ' '.repeat(barWidth - bar.length + GAP.length) : '') +
    beside;

  const prefix = MARGIN + paint(row.below, DIM);
  const width = columns - MARGIN.length - row.below.length;
  const lines = failureLines(node, width, sheet);
  if (!isBeside) lines.push(...flow(details, width, isCut ? 1 : MAX_CHOSEN_LINES, GAP, sheet));
  return [head + tail.trimEnd(), ...lines.map((line) => prefix + line)];
}

/** What a span failed with, and where; not again what failed below it. */
function failureLines(node: TraceNode, width: number, sheet: Sheet): string[] {
  const { rows, clean, paint } = sheet;
  const failure = failureOf(node.span);
  if (failure === undefined) return [];
  const isFromBelow = (child: TraceNode) => rows.has(child) && failureOf(child.span)?.message === failure.message;
  if (node.children.some(isFromBelow)) return [];
  const color = hasFailed(node.span) ? RED : YELLOW;
  const words = clean(failure.message)
    .split(' ')
    .map((word) => piece(word, color));
  const lines = flow(words, width, MAX_ERROR_LINES, ' ', sheet);
  if (failure.place !== '') lines.push(paint(fitted(clean(failure.place), width), DIM));
  return lines;
}

/** As many of the cells of the time axis as the bar of a span reaches. */
function barOf({ span, start, end, isOpen, children }: TraceNode, { tree, barWidth }: Sheet): string {
  const { length } = tree;
  const cellAt = (nanos: number) => (length > 0 ? Math.round((nanos / length) * barWidth) : 0);
  const first = cellAt(start);
  const from = Math.min(first, barWidth - 1);
  const to = cellAt(end);
  const cells: string[] = Array(from).fill(' ');
  for (let at = from; at < to; at++) cells[at] = '━';
  for (const child of children) {
    const until = Math.min(cellAt(child.end), to);
    for (let at = Math.max(cellAt(child.start), from); at < until; at++) cells[at] = '─';
  }
  if (to <= first) cells[from] = '╸';
  if (isOpen) cells[cells.length - 1] = '▶';
  const last = cells.length - 1;
  for (const { name, time } of span.events) {
    const nanos = nanosSince(tree.start, time);
    // What happened in the span is not beside its bar, by rounding.
    const most = nanos <= end ? last : barWidth - 1;
    const at = Math.max(Math.min(Math.floor((nanos / (length || 1)) * barWidth), most), nanos < start ? 0 : from);
    while (cells.length < at) cells.push(' ');
    cells[at] = name === EXCEPTION ? '✗' : '◆';
  }
  return cells.join('');
}

/** Where a span belongs, its events, links and attributes. */
function detailsOf(node: TraceNode, sheet: Sheet): Piece[] {
  const { span } = node;
  const { clean } = sheet;
  const pieces: Piece[] = [];
  if (node.parent === undefined && isOrphan(span)) pieces.push(piece(`below ${span.parentSpanContext?.spanId}`, DIM));
  const events = new Map<string, { count: number; nanos: number }>();
  for (const { name, time } of span.events) {
    const event = events.get(name);
    if (event !== undefined) event.count++;
    else events.set(name, { count: 1, nanos: Math.max(nanosSince(span.startTime, time), 0) });
  }
  events.delete(EXCEPTION);
  for (const [name, { count, nanos }] of events) {
    pieces.push(piece(`◆ ${clean(name)} ${count > 1 ? `×${count}` : `+${durationText(nanos)}`}`, MAGENTA));
  }
  for (const { context } of span.links) {
    const isElsewhere = context.traceId !== span.spanContext().traceId;
    pieces.push(piece(`→ ${clean(isElsewhere ? `trace ${context.traceId}` : `span ${context.spanId}`)}`));
  }
  for (const [key, value] of attributesOf(node, sheet.attributes)) {
    pieces.push(piece(clean(`${key}=${attributeText(value)}`), DIM));
  }
  return pieces;
}

function attributesOf(
  { span, parent }: TraceNode,
  chosen: readonly string[] | undefined,
): [string, Attributes[string]][] {
  const entries = Object.entries(span.attributes);
  if (chosen !== undefined) {
    return entries.filter(([key]) =>
      chosen.some((one) => (one.endsWith('*') ? key.startsWith(one.slice(0, -1)) : key === one)),
    );
  }
  const inherited = parent?.span.attributes ?? {};
  return entries
    .filter(
      ([key, value]) =>
        inherited[key] !== value && !(typeof value === 'string' && `.${span.name}.`.includes(`.${value}.`)),
    )
    .sort(([a], [b]) => Number(TELLING.test(b)) - Number(TELLING.test(a)));
}

/** Pieces on at most so many lines of the width; how many are left over is said at the end. */
function flow(pieces: readonly Piece[], width: number, most: number, gap: string, sheet: Sheet): string[] {
  const lines: Piece[][] = [];
  let used = width;
  for (const [at, { text, color }] of pieces.entries()) {
    const next = piece(fitted(text, width), color);
    const needed = textWidth(next.text);
    if (used + gap.length + needed <= width) {
      lines[lines.length - 1].push(next);
      used += gap.length + needed;
      continue;
    }
    if (lines.length < most) {
      lines.push([next]);
      used = needed;
      continue;
    }
    const line = lines[lines.length - 1];
    let left = pieces.length - at;
    const more = () => piece(gap === GAP ? `(${left} more)` : '…', DIM);
    for (; line.length > 1 && used + gap.length + more().text.length > width; left++) {
      used -= gap.length + textWidth((line.pop() as Piece).text);
    }
    const [first] = line;
    if (line.length === 1) line[0] = piece(fitted(first.text, width - gap.length - more().text.length), first.color);
    line.push(more());
    break;
  }
  return lines.map((line) => lineOf(line, gap, sheet));
}

/** The pieces side by side, those of a colour in one. */
function lineOf(pieces: readonly Piece[], gap: string, { paint }: Sheet): string {
  let line = '';
  let run = '';
  pieces.forEach(({ text, color }, at) => {
    run += text;
    const next = pieces[at + 1];
    if (next?.color === color) {
      run += gap;
      return;
    }
    line += paint(run, color) + (next === undefined ? '' : gap);
    run = '';
  });
  return line;
}

function piece(text: string, color = 0): Piece {
  return { text, color };
}

function hasFailed({ status }: ReadableSpan): boolean {
  return status.code === ERROR;
}

/** True where the parent is a span of this process that is not at hand. */
function isOrphan({ parentSpanContext, isLocalRoot }: ReadableSpan): boolean {
  return parentSpanContext !== undefined && !isLocalRoot;
}
