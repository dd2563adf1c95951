/** One contender's figure, of several rounds. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The figure that samples come to. */
export function figureOf(name: string, samples: readonly number[]): Figure {
  return { name, median: medianOf(samples), least: Math.min(...samples), most: Math.max(...samples) };
}

function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many times less the first samples are than those of the best of the others: the median of pair by pair. */
export function timesLessInPairs([ours, ...peers]: readonly (readonly number[])[]): number {
  return Math.min(...peers.map((peer) => medianOf(peer.map((sample, pair) => sample / ours[pair]))));
}

/** How many times better the first figure is than the best of the others, lower figures being better. */
export function timesLess([ours, ...peers]: readonly Figure[]): number {
  return Math.min(...peers.map(({ median }) => median)) / ours.median;
}

/** The same where higher figures are better. */
export function timesMore([ours, ...peers]: readonly Figure[]): number {
  return ours.median / Math.max(...peers.map(({ median }) => median));
}
