/** The figure of one contender over several rounds. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Summarizes samples in a figure. */
export function figureOf(name: string, samples: readonly number[]): Figure {
  return { name, median: medianOf(samples), least: Math.min(...samples), most: Math.max(...samples) };
}

function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many times lower the first samples are than those of the best peer: the median of the pairwise ratios. */
export function timesLessInPairs([ours, ...peers]: readonly (readonly number[])[]): number {
  return Math.min(...peers.map((peer) => medianOf(peer.map((sample, pair) => sample / ours[pair]))));
}

/** How many times better the first figure is than the best peer's, if lower is better. */
export function timesLess([ours, ...peers]: readonly Figure[]): number {
  return Math.min(...peers.map(({ median }) => median)) / ours.median;
}

/** How many times better the first figure is than the best peer's, if higher is better. */
export function timesMore([ours, ...peers]: readonly Figure[]): number {
  return ours.median / Math.max(...peers.map(({ median }) => median));
}
