import type { Contender } from './contender.ts';

/**
 * Asks contenders for a round each, again and again: a machine that is slow for a while is slow for all. Every round
 * begins with another of them, as the first may find the machine in another state. Returns the samples of each.
 */
export async function inTurns(
  contenders: readonly Contender[],
  rounds: number,
  question: string,
  argument: unknown,
): Promise<number[][]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let offset = 0; offset < contenders.length; offset++) {
      const at = (round + offset) % contenders.length;
      samples[at].push(await contenders[at].ask<number>(question, argument));
    }
  }
  return samples;
}
