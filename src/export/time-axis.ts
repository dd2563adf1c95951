import { durationText } from './duration.ts';

/** The characters that bars are drawn with. */
export interface BarStyle {
  /** A full column, and its left and its right half. */
  readonly full: string;
  readonly left: string;
  readonly right: string;
  readonly mark: string;
  /** The prefix of `s` for microseconds. */
  readonly micro: string;
}

export const UNICODE_BARS: BarStyle = { full: '━', left: '╸', right: '╺', mark: '◆', micro: 'µ' };
export const ASCII_BARS: BarStyle = { full: '=', left: '=', right: '=', mark: '*', micro: 'u' };

/** A period of time, in milliseconds. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** The fewest columns from the start of a label to that of the next. Labels of minutes and hours are longer. */
const LEAST_BETWEEN = 10;
const LEAST_BETWEEN_MINUTES = 12;
const MINUTE = 60_000;

/** The time axis of a trace, which all bars share: time from left to right in a number of columns. */
export class TimeAxis {
  private readonly _total: number;
  private readonly _columns: number;
  private readonly _style: BarStyle;

  /** @param total - Milliseconds; 0 if the clock stood still. */
  constructor(total: number, columns: number, style: BarStyle) {
    this._total = total;
    this._columns = columns;
    this._style = style;
  }

  /** Labels at round intervals. */
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
   * A bar for a period, or several on one line, with marks on them; marks are in milliseconds. Even the shortest bar is
   * visible.
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

/** A step of at least `least` milliseconds that is round in minutes and hours; `undefined` for short steps. */
function roundStep(least: number): number | undefined {
  if (least <= 10_000) return undefined;
  const seconds = [15, 30, 60, 120, 300, 600, 900, 1_800].find((each) => each * 1_000 >= least);
  return seconds === undefined ? Math.ceil(least / 3_600_000) * 3_600_000 : seconds * 1_000;
}

function labelOf(millis: number, micro: string): string {
  if (millis >= MINUTE) return durationText(millis, micro).replace(/ 0 (s|min)$/, '');
  // Steps are round, so no digit is lost.
  const [value, unit] =
    millis < 1 ? [millis * 1_000, `${micro}s`] : millis < 1_000 ? [millis, 'ms'] : [millis / 1_000, 's'];
  return `${Number(value.toPrecision(6))} ${unit}`;
}
