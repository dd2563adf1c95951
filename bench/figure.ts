/** One contender's figure, of several rounds. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The figure that samples come to. */
export function figureOf(name: string, samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { name, median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/** How many times better the first figure is than the best of the others, lower figures being better. */
export function timesLess([ours, ...peers]: readonly Figure[]): number {
  return Math.min(...peers.map(({ median }) => median)) / ours.median;
}

/** The same where higher figures are better. */
export function timesMore([ours, ...peers]: readonly Figure[]): number {
  return ours.median / Math.max(...peers.map(({ median }) => median));
}
