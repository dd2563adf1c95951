import type { Measurement } from './bench-case.ts';
import type { Target } from './targets.ts';

/** A figure with its unit, as a table shows it. */
export function shownFigure(value: number, unit: Measurement['unit']): string {
  if (unit === 'spans/s') return `${(value / 1_000).toFixed(0)} k/s`;
  if (unit === '% lost') return `${value.toFixed(1)} %`;
  const digits = unit === 'ms' || value < 10 ? 1 : 0;
  const name = unit === 'bytes' ? 'B' : unit;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, value >= 10_000 ? ',' : '')} ${name}`;
}

/** A score or a bound, as a target measures it. */
export function shownScore(value: number, measure: Target['measure']): string {
  if (measure === 'times') return `${value < 10 ? Number(value.toFixed(1)) : value.toFixed(0)}×`;
  if (measure === '%') return `${Number(value.toFixed(1))} %`;
  return `${Number(value.toFixed(1))} ${measure === 'bytes' ? 'B' : measure}`;
}
