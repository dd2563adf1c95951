import type { BenchCase, Measurement } from '../bench-case.ts';
import { type BesideName, besideSubject } from '../beside.ts';
import { type Figure, figureOf, timesLess } from '../figure.ts';
import { type Lab, OURS, SUBJECTS } from '../lab.ts';
import { inTurns } from '../turns.ts';

// The nursery must hold everything that a round allocates, so that no garbage is collected while the round is counted.
const FLAGS = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];

async function bytesOf(
  lab: Lab,
  kind: string,
  subjects: readonly string[],
  names: readonly BesideName[] = [],
): Promise<Pick<Measurement, 'figures' | 'beside'>> {
  const besides = lab.showsBeside ? names.map(besideSubject) : [];
  return {
    figures: await figuresOf(lab, kind, subjects, 20_480),
    // They allocate several times as much, and the nursery must hold that, too.
    beside: await figuresOf(lab, kind, besides, 4_096),
  };
}

function figuresOf(lab: Lab, kind: string, subjects: readonly string[], count: number): Promise<Figure[]> {
  return lab.withContenders(
    'allocation',
    subjects,
    [kind],
    async (contenders) => {
      for (const contender of contenders) await contender.ask('warm', { count: lab.either(100_000, 50_000) });
      const samples = await inTurns(contenders, lab.either(5, 3), 'round', { count });
      const figures: Figure[] = [];
      for (const [at, contender] of contenders.entries()) {
        figures.push(figureOf(await contender.ask<string>('name'), samples[at]));
      }
      return figures;
    },
    FLAGS,
  );
}

export const allocation: BenchCase = {
  name: 'allocation',
  what: 'allocated per encoded span',
  everywhere: false,
  async measure(lab) {
    const { figures, beside } = await bytesOf(lab, 'encoded', SUBJECTS, ['sentry', 'dd-trace', 'effect']);
    return { unit: 'bytes', figures, beside, score: timesLess(figures) };
  },
};

export const allocationUnsampled: BenchCase = {
  name: 'allocation-unsampled',
  what: 'allocated per unsampled span (its context)',
  everywhere: false,
  async measure(lab) {
    const { figures, beside } = await bytesOf(lab, 'unsampled', lab.either(SUBJECTS, [OURS]), ['sentry']);
    return { unit: 'bytes', figures, beside, score: figures[0].median };
  },
};

export const allocationNone: BenchCase = {
  name: 'allocation-none',
  what: "allocated per span with exporterType 'none'",
  everywhere: false,
  async measure(lab) {
    const { figures } = await bytesOf(lab, 'silent', lab.either(SUBJECTS, [OURS]));
    return { unit: 'bytes', figures, score: figures[0].median };
  },
};
