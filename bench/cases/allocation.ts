import type { BenchCase, Measurement } from '../bench-case.ts';
import { timesLess } from '../figure.ts';
import { type Lab, OURS, SUBJECTS } from '../lab.ts';
import { inTurns } from '../turns.ts';

// A nursery that holds all that a round allocates, so that nothing is collected while it is counted.
const FLAGS = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];

function bytesOf(lab: Lab, kind: string, subjects: readonly string[]): Promise<Measurement['figures']> {
  return lab.withContenders(
    'allocation',
    subjects,
    [kind],
    async (contenders) => {
      for (const contender of contenders) await contender.ask('warm', { count: lab.either(100_000, 50_000) });
      return inTurns(contenders, lab.either(5, 3), 'round', { count: 20_480 });
    },
    FLAGS,
  );
}

export const allocation: BenchCase = {
  name: 'allocation',
  what: 'allocated per encoded span',
  everywhere: false,
  async measure(lab) {
    const figures = await bytesOf(lab, 'encoded', SUBJECTS);
    return { unit: 'bytes', figures, score: timesLess(figures) };
  },
};

export const allocationUnsampled: BenchCase = {
  name: 'allocation-unsampled',
  what: 'allocated per unsampled span: its context',
  everywhere: false,
  async measure(lab) {
    const figures = await bytesOf(lab, 'unsampled', lab.either(SUBJECTS, [OURS]));
    return { unit: 'bytes', figures, score: figures[0].median };
  },
};

export const allocationNone: BenchCase = {
  name: 'allocation-none',
  what: "allocated per span with exporterType 'none'",
  everywhere: false,
  async measure(lab) {
    const figures = await bytesOf(lab, 'silent', lab.either(SUBJECTS, [OURS]));
    return { unit: 'bytes', figures, score: figures[0].median };
  },
};
