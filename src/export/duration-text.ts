const MINUTE = 60e9;
const HOUR = 60 * MINUTE;
// Steps between the marks of an axis: 1, 2 and 5 of each decimal up to seconds and for hours, between these as clocks
// have them.
const LONG_STEPS = [10e9, 20e9, 30e9, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, HOUR];

/** So many nanoseconds for people, with three digits or so. */
export function durationText(nanos: number): string {
  // The limits are what would be rounded up to the next unit.
  if (nanos < 999.5e3) return `${Math.round(nanos / 1e3)} µs`;
  if (nanos < 999.5e6) return `${(nanos / 1e6).toFixed(nanos < 99.95e6 ? 1 : 0)} ms`;
  if (nanos < 59.995e9) return `${(nanos / 1e9).toFixed(2)} s`;
  const seconds = Math.round(nanos / 1e9);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The smallest round step of an axis that is at least so many nanoseconds. */
export function axisStep(nanos: number): number {
  if (nanos <= 5e9) return decimalStep(Math.max(nanos, 1e3));
  return LONG_STEPS.find((step) => step >= nanos) ?? decimalStep(nanos / HOUR) * HOUR;
}

function decimalStep(least: number): number {
  const decimal = 10 ** Math.floor(Math.log10(least));
  return decimal * ([1, 2, 5].find((factor) => factor * decimal >= least) ?? 10);
}

/** A multiple of a round step, without the zeros that say nothing. */
export function axisText(nanos: number): string {
  if (nanos === 0) return '0';
  return durationText(nanos)
    .replace(/\.(\d*?)0+ /, (_, digits: string) => (digits === '' ? ' ' : `.${digits} `))
    .replace(/ 0 (s|min)$/, '');
}
