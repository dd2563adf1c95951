import { millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { SpanStatusCode } from '../core/status.ts';
import { durationText } from './duration.ts';
import { folded, lengthsOf, type Row } from './row-folding.ts';
import { type DetailStyle, detailsOf, errorOf } from './span-details.ts';
import { columnsOf, cutToColumns, padded, printable } from './text-width.ts';
import { ASCII_BARS, type BarStyle, TimeAxis, UNICODE_BARS } from './time-axis.ts';
import { type TreeRow, traceTree } from './trace-tree.ts';

/** The spans of a trace that are printed together. */
export interface TracePart {
  readonly traceId: string;
  /** Ended spans, at least one, in any order. */
  readonly spans: readonly ReadableSpan[];
  /** Open spans above or beside them. */
  readonly open?: readonly ReadableSpan[];
  /** Shown in the heading if this is not the whole trace. */
  readonly note?: 'partial' | 'late' | 'unfinished';
}

/** How a terminal, or a stand-in for one, shows text. */
export interface WaterfallStyle {
  /** The width of a line. */
  readonly columns: number;
  readonly hasColor: boolean;
  readonly hasUnicode: boolean;
  /** The attributes to show: keys, and prefixes that end in `*`. Default: all but those that names already say. */
  readonly attributes?: readonly string[];
}

interface Glyphs extends DetailStyle {
  readonly bars: BarStyle;
  readonly branch: string;
  readonly lastBranch: string;
  readonly rail: string;
  readonly slowest: string;
  readonly failed: string;
}

const UNICODE: Glyphs = {
  bars: UNICODE_BARS,
  mark: '◆',
  micro: 'µ',
  branch: '├─ ',
  lastBranch: '└─ ',
  rail: '│  ',
  slowest: '◀ ',
  failed: '✗ ',
  link: '→ ',
  ellipsis: '…',
};
const ASCII: Glyphs = {
  bars: ASCII_BARS,
  mark: '*',
  micro: 'u',
  branch: '|- ',
  lastBranch: '`- ',
  rail: '|  ',
  slowest: '<- ',
  failed: 'x ',
  link: '-> ',
  ellipsis: '...',
};

const [BOLD, DIM, RED, YELLOW, CYAN] = ['1', '2', '31', '33', '36'];

const LEAST_COLUMNS = 40;
const MAX_COLUMNS = 240;
// From this width on, there is room for details behind the bars.
const WIDE_COLUMNS = 130;
const MAX_WIDE_BAR = 46;
// The share of a line that branches may take.
const MAX_TREE = 0.25;
// Of more rows, only the first and the last ones are shown.
const MAX_ROWS = 200;
// The share of the total from which the slowest span is marked.
const SLOW = 0.3;
const NOBODY: Pick<TreeRow, 'self' | 'depth'> = { self: 0, depth: 0 };

/**
 * Renders a trace for people: its id, service, start and duration, then each span below its parent, with a bar on a
 * common time axis. Lines end in a line feed. Apart from colors, they contain no control characters.
 */
export function waterfall(part: TracePart, style: WaterfallStyle): string {
  return new Waterfall(part, style).text(part.note);
}

class Waterfall {
  private readonly _style: WaterfallStyle;
  private readonly _glyphs: Glyphs;
  private readonly _traceId: string;
  private readonly _columns: number;
  private readonly _rows: readonly Row[];
  private readonly _spanCount: number;
  private readonly _total: number;
  private readonly _axis: TimeAxis;
  private readonly _nameColumns: number;
  private readonly _durationColumns: number;
  private readonly _barColumns: number;
  /** The row that took the most time by itself, if that says something. */
  private readonly _slowest: Row | undefined;
  /** Spans that failed for the same reason as a child, with the name of the child. */
  private readonly _passedOn = new Map<ReadableSpan, string>();
  private _text = '';

  constructor({ traceId, spans, open = [] }: TracePart, style: WaterfallStyle) {
    this._style = style;
    this._traceId = traceId;
    this._glyphs = style.hasUnicode ? UNICODE : ASCII;
    this._columns = Math.min(Math.max(style.columns, LEAST_COLUMNS), MAX_COLUMNS);
    const { rows: unfolded, total } = traceTree(spans, open);
    const rows = folded(unfolded);
    this._rows = rows;
    this._spanCount = unfolded.length;
    for (const { span, parent } of rows) {
      if (parent && causeOf(span) && causeOf(span) === causeOf(parent)) this._passedOn.set(parent, shownName(span));
    }
    this._total = total;
    const shown = rows.length > MAX_ROWS ? [...rows.slice(0, MAX_ROWS / 2), ...rows.slice(-MAX_ROWS / 2)] : rows;
    // Bars get the columns that names and durations leave.
    const longest = (texts: string[]) => texts.reduce((most, text) => Math.max(most, columnsOf(text)), 0);
    const atMost = Math.floor(this._columns * 0.42);
    this._durationColumns = longest(shown.map((row) => this._durationOf(row)));
    this._nameColumns = Math.min(atMost, longest(shown.map((row) => this._treeOf(row) + this._nameOf(row))));
    const left = this._columns - this._nameColumns - this._durationColumns - 4;
    this._barColumns = this._isWide ? Math.min(MAX_WIDE_BAR, left >> 1) : left;
    this._axis = new TimeAxis(total, this._barColumns, this._glyphs.bars);
    // Not the top: its own time is the time that nobody has traced.
    const slowest = rows.reduce((slow, row) => (row.depth > 0 && row.self > slow.self ? row : slow), NOBODY);
    this._slowest =
      open.length === 0 && unfolded.length > 2 && total > 0 && slowest.self >= SLOW * total
        ? (slowest as Row)
        : undefined;
  }

  private get _isWide(): boolean {
    return this._columns >= WIDE_COLUMNS;
  }

  text(note: string | undefined): string {
    const { _rows } = this;
    this._heading(note);
    if (_rows.length > 1) {
      this._line(
        `${' '.repeat(this._nameColumns + this._durationColumns + 4)}${this._paint(this._axis.labels(), DIM)}`,
      );
    }
    const half = MAX_ROWS / 2;
    if (_rows.length <= MAX_ROWS) for (const row of _rows) this._row(row);
    else {
      for (const row of _rows.slice(0, half)) this._row(row);
      this._leaveOut(_rows.slice(half, -half));
      for (const row of _rows.slice(-half)) this._row(row);
    }
    return this._text;
  }

  /** Puts as many parts on a line as fit. */
  private _heading(note: string | undefined): void {
    const [{ span }] = this._rows;
    const { 'service.name': service } = span.resource.attributes;
    const errors = this._rows.filter((row) => this._hasOwnError(row)).length;
    const { _glyphs } = this;
    const parts: [text: string, color?: string][] = [
      [`trace ${this._traceId}`, BOLD],
      ...(service === undefined ? [] : [[printable(String(service))] as [string]]),
      [new Date(millisOf(span.startTime)).toISOString()],
      [durationText(this._total, _glyphs.micro), BOLD],
      [counted(this._spanCount, 'span')],
      ...(errors ? [[counted(errors, 'error'), RED] as [string, string]] : []),
      ...(note ? [[`(${note})`, YELLOW] as [string, string]] : []),
    ];
    let line = '';
    let used = 0;
    for (const [part, color] of parts) {
      const text = cutToColumns(part, this._columns - 4, _glyphs.ellipsis);
      const width = columnsOf(text);
      if (line !== '' && used + 2 + width > this._columns) {
        this._line(line);
        line = '';
        used = 0;
      }
      // Continuation lines are indented.
      const gap = line !== '' || this._text !== '' ? '  ' : '';
      line += gap + this._paint(text, color);
      used += gap.length + width;
    }
    this._line(line);
  }

  private _row(row: Row): void {
    const { span } = row;
    const isSlowest = row === this._slowest;
    const color = isFailed(row) ? RED : isSlowest ? YELLOW : CYAN;
    const { ellipsis, slowest } = this._glyphs;
    const tree = this._treeOf(row);
    const name = cutToColumns(this._nameOf(row), this._nameColumns - tree.length, ellipsis);
    const marks = span.events.map(({ time }) => row.start + millisOf(time) - millisOf(span.startTime));
    const { before, bar } = this._axis.bar(row.folded ?? [row], marks);
    const share = isSlowest ? `${slowest}slowest: ${Math.round((row.self / this._total) * 100)} %  ` : '';
    const details = [...this._eachOf(row), detailsOf(span, row.parent, this._style.attributes, this._glyphs)]
      .filter((text) => text !== '')
      .join('  ');
    const line =
      this._paint(tree, DIM) +
      this._paint(padded(name, this._nameColumns - tree.length), isFailed(row) ? RED : '') +
      `  ${this._paint(padded(this._durationOf(row), this._durationColumns, true), isSlowest ? YELLOW : '')}  ` +
      before +
      this._paint(bar, color);
    const indent = this._indentBelow(row);
    const below = this._columns - indent.length;
    const shownShare = this._paint(share, YELLOW);
    const shownDetails = (room: number) => this._paint(cutToColumns(details, Math.max(room, 0), ellipsis), DIM);
    const beside = this._columns - this._nameColumns - this._durationColumns - this._barColumns - 6 - share.length;
    if (this._isWide) {
      const isBeside = columnsOf(details) <= beside;
      const gap = ' '.repeat(this._barColumns - before.length - bar.length);
      this._line(`${line}${gap}  ${shownShare}${isBeside ? shownDetails(beside) : ''}`);
      if (!isBeside) this._line(this._paint(indent, DIM) + shownDetails(below));
    } else {
      this._line(line);
      if (share || details) this._line(this._paint(indent, DIM) + shownShare + shownDetails(below - share.length));
    }
    const passedOn = this._passedOn.get(span);
    const error = passedOn === undefined ? errorOf(span, this._glyphs) : `from ${passedOn}`;
    if (error !== undefined) {
      for (const [at, part] of wrapped(this._glyphs.failed + error, below).entries()) {
        if (at < MAX_ERROR_LINES) this._line(this._paint(indent, DIM) + this._paint(part, RED));
      }
    }
  }

  private _leaveOut(rows: readonly Row[]): void {
    const count = rows.reduce((sum, row) => sum + (row.folded?.length ?? 1), 0);
    const errors = rows.filter((row) => this._hasOwnError(row)).length;
    const text = `${this._glyphs.ellipsis} ${counted(count, 'span')} omitted${errors ? `, including ${counted(errors, 'error')}` : ''}`;
    this._line(this._paint(text, errors ? RED : DIM));
  }

  private _hasOwnError(row: TreeRow): boolean {
    return isFailed(row) && !this._passedOn.has(row.span);
  }

  private _durationOf(row: Row): string {
    return row.isOpen ? 'open' : durationText(lengthsOf(row).all, this._glyphs.micro);
  }

  /** The range of the durations in a folded row. */
  private _eachOf(row: Row): string[] {
    if (row.folded === undefined) return [];
    const { least, most } = lengthsOf(row);
    const texts = [least, most].map((each) => durationText(each, this._glyphs.micro));
    return [`each ${texts[0] === texts[1] ? texts[0] : texts.join(' to ')}`];
  }

  private _nameOf(row: Row): string {
    const name = shownName(row.span);
    return row.folded ? `${name} x${row.folded.length}` : name;
  }

  /** The branches before a name. A row that is too deep for them shows the number of its level instead. */
  private _treeOf(row: TreeRow): string {
    const { branch, lastBranch, ellipsis } = this._glyphs;
    const { depth, followed } = row;
    if (depth === 0) return '';
    if (this._isDeep(row)) return `${ellipsis}${depth} `;
    return this._railsOf(followed.slice(0, -1)) + (followed.at(-1) ? branch : lastBranch);
  }

  private _isDeep({ depth }: TreeRow): boolean {
    return 3 * depth > this._columns * MAX_TREE;
  }

  private _railsOf(followed: readonly boolean[]): string {
    return followed.map((each) => this._railOf(each)).join('');
  }

  private _railOf(isFollowed: boolean): string {
    return isFollowed ? this._glyphs.rail : '   ';
  }

  /** The rails before the lines below a span's own line. */
  private _indentBelow(row: TreeRow): string {
    if (this._isDeep(row)) return ' '.repeat(this._treeOf(row).length);
    return this._railsOf(row.followed) + this._railOf(row.hasChildren);
  }

  private _line(text: string): void {
    this._text += `${text.trimEnd()}\n`;
  }

  private _paint(text: string, color: string | undefined): string {
    if (!color || !this._style.hasColor || text === '') return text;
    return `\x1b[${color}m${text}\x1b[0m`;
  }
}

const MAX_ERROR_LINES = 3;

function isFailed({ span }: TreeRow): boolean {
  return span.status.code === SpanStatusCode.ERROR;
}

/** Why a span failed, for comparison; `''` if it has not failed or does not say why. */
function causeOf({ status, events, attributes }: ReadableSpan): string {
  if (status.code !== SpanStatusCode.ERROR) return '';
  const thrown = events.filter(({ name }) => name === 'exception').at(-1)?.attributes;
  const said = [status.message, thrown?.['exception.type'], thrown?.['exception.message']];
  return (
    said
      .map((text) => String(text ?? ''))
      .join(' ')
      .trim() || String(attributes['error.type'] ?? '')
  );
}

function shownName({ name }: ReadableSpan): string {
  // No more is shown, and measuring more takes time.
  return printable(name.slice(0, 2 * MAX_COLUMNS)) || '(no name)';
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

/** Wraps a text to lines of `columns` columns, at spaces where there are any. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (columnsOf(rest) > columns && lines.length < MAX_ERROR_LINES) {
    const part = cutToColumns(rest, columns, '');
    const space = part.lastIndexOf(' ');
    const length = space > columns / 2 ? space : Math.max(part.length, 1);
    lines.push(rest.slice(0, length));
    rest = `  ${rest.slice(length).trimStart()}`;
  }
  lines.push(rest);
  return lines;
}
