import { durationText } from './duration.ts';

/** What bars are drawn with. */
export interface BarStyle {
  /** A full column, and its left and its right half. */
  readonly full: string;
  readonly left: string;
  readonly right: string;
  readonly mark: string;
  /** In front of `s` for microseconds. */
  readonly micro: string;
}

export const UNICODE_BARS: BarStyle = { full: '━', left: '╸', right: '╺', mark: '◆', micro: 'µ' };
export const ASCII_BARS: BarStyle = { full: '=', left: '=', right: '=', mark: '*', micro: 'u' };

/** From one time to another, in milliseconds. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** Columns that a label has at least from its beginning to that of the next; minutes and hours have longer ones. */
const LEAST_BETWEEN = 10;
const LEAST_BETWEEN_MINUTES = 12;
const MINUTE = 60_000;

/** Time from left to right, in so many columns: what all bars of a trace have in common. */
export class TimeAxis {
  private readonly _total: number;
  private readonly _columns: number;
  private readonly _style: BarStyle;

  /** @param total - Milliseconds; 0 where the clock stood still. */
  constructor(total: number, columns: number, style: BarStyle) {
    this._total = total;
    this._columns = columns;
    this._style = style;
  }

  /** Times at round distances. */
  labels(): string {
    const { _total, _columns, _style } = this;
    if (!(_total > 0)) return '0';
    const between = _total > MINUTE ? LEAST_BETWEEN_MINUTES : LEAST_BETWEEN;
    const least = (_total * between) / _columns;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = roundStep(least) ?? [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= least) ?? least;
    let text = '0';
    for (let at = 1; at * step < _total; at++) {
      const column = Math.round(((at * step) / _total) * _columns);
      const label = labelOf(at * step, _style.micro);
      if (column + label.length > _columns) break;
      text = `${text.padEnd(column)}${label}`;
    }
    return text;
  }

  /**
   * A bar from one time to another, in milliseconds, or several on one line, with marks on them. However short one is, it can be
   * seen.
   */
  bar(parts: readonly Period[], marks: readonly number[]): { before: string; bar: string } {
    const { full, left, right, mark } = this._style;
    const cells: string[] = [];
    for (const { start, end } of parts) {
      const from = Math.min(this._half(start), 2 * this._columns - 1);
      const to = Math.max(this._half(end), from + 1);
      for (let column = from >> 1; column * 2 < to; column++) {
        const before = cells[column] ?? ' ';
        const hasLeft = column * 2 >= from || before === left;
        const hasRight = column * 2 + 1 < to || before === right;
        cells[column] = before === full || (hasLeft && hasRight) ? full : hasLeft ? left : right;
      }
    }
    const last = cells.length - 1;
    const first = cells.findIndex((cell) => cell !== undefined);
    for (const at of marks) {
      const column = Math.min(this._half(at) >> 1, last);
      if (column >= first) cells[column] = mark;
    }
    const bar = Array.from(cells.slice(first), (cell) => cell ?? ' ').join('');
    return { before: ' '.repeat(first), bar };
  }

  private _half(millis: number): number {
    return this._total > 0 ? Math.max(0, Math.round((millis / this._total) * 2 * this._columns)) : 0;
  }
}

/** Among minutes and hours round numbers are others: a step of at least `least` milliseconds. */
function roundStep(least: number): number | undefined {
  if (least <= 10_000) return undefined;
  const seconds = [15, 30, 60, 120, 300, 600, 900, 1_800].find((each) => each * 1_000 >= least);
  return seconds === undefined ? Math.ceil(least / 3_600_000) * 3_600_000 : seconds * 1_000;
}

function labelOf(millis: number, micro: string): string {
  if (millis >= MINUTE) return durationText(millis, micro).replace(/ 0 (s|min)$/, '');
  // Steps are round: no digit is missed.
  const [value, unit] =
    millis < 1 ? [millis * 1_000, `${micro}s`] : millis < 1_000 ? [millis, 'ms'] : [millis / 1_000, 's'];
  return `${Number(value.toPrecision(6))} ${unit}`;
}
