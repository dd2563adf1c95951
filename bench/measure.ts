import { measure } from 'mitata';

/** Nanoseconds a call, of several rounds. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

const CALLS = 512;

/**
 * Times `work` of each contender, `CALLS` calls followed by one `finish`, in rounds that take turns: a machine that
 * is slow for a while is slow for all.
 */
export async function compare(
  contenders: readonly { name: string; work: () => void; finish: () => Promise<unknown> }[],
  rounds: number,
): Promise<Figure[]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { work, finish }] of contenders.entries()) {
      const stats = await measure(
        async () => {
          for (let call = 0; call < CALLS; call++) work();
          await finish();
        },
        { min_cpu_time: 200e6, min_samples: 20 },
      );
      samples[at].push(stats.p50 / CALLS);
    }
  }
  return contenders.map(({ name }, at) => {
    const sorted = samples[at].sort((a, b) => a - b);
    return {
      name,
      median: sorted[Math.floor(sorted.length / 2)],
      least: sorted[0],
      most: sorted[sorted.length - 1],
    };
  });
}
