import type { Measurement } from './bench-case.ts';
import type { Target } from './targets.ts';

/** Formats a figure with its unit for a table. */
export function shownFigure(value: number, unit: Measurement['unit']): string {
  if (unit === 'spans/s') return `${(value / 1_000).toFixed(0)} k/s`;
  if (unit === 'MiB') return `${value.toFixed(1)} MiB`;
  if (unit === '% lost') return `${value.toFixed(1)} %`;
  const digits = unit === 'ms' || value < 10 ? 1 : 0;
  const name = unit === 'bytes' ? 'B' : unit;
  return `${grouped(value.toFixed(digits), value)} ${name}`;
}

/** Groups thousands with commas, from five digits on. */
function grouped(text: string, value: number): string {
  return value >= 10_000 ? text.replace(/\B(?=(\d{3})+(?!\d))/g, ',') : text;
}

/** Formats a score or a bound in the measure of its target. */
export function shownScore(value: number, measure: Target['measure']): string {
  if (measure === 'times') return `${value < 10 ? Number(value.toFixed(1)) : value.toFixed(0)}×`;
  if (measure === '%') return `${Number(value.toFixed(1))} %`;
  return `${grouped(String(Number(value.toFixed(1))), value)} ${measure === 'bytes' ? 'B' : measure}`;
}
