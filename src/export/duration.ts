/** Formats milliseconds for people: about three digits, and the unit that fits. */
export function durationText(millis: number, micro = 'µ'): string {
  if (millis < 1) return `${Math.round(millis * 1_000)} ${micro}s`;
  if (millis < 1_000) return `${millis.toFixed(millis < 100 ? 1 : 0)} ms`;
  if (millis < 60_000) return `${(millis / 1_000).toFixed(2)} s`;
  const seconds = Math.round(millis / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
