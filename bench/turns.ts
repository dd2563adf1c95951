import type { Contender } from './contender.ts';

/**
 * Asks all contenders for one round after the other, so that a slow phase of the machine affects all of them. Each
 * round begins with a different contender, since the first may find the machine in another state. Returns the samples
 * of each.
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
