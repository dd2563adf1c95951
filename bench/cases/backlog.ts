import assert from 'node:assert/strict';
import type { BenchCase } from '../bench-case.ts';
import { figureOf } from '../figure.ts';
import { OURS, SUBJECTS } from '../lab.ts';

const PENDING = 20_000;

export const backlog: BenchCase = {
  name: 'backlog',
  what: 'CPU per span, 20,000 pending compared with 512',
  everywhere: false,
  async measure(lab) {
    const spans = lab.either(400_000, 150_000);
    const figures = [];
    const notes: string[] = [];
    let score = 0;
    for (const subject of lab.either(SUBJECTS, [OURS])) {
      const [few, many] = await lab.withContender('backlog', subject, ['0'], (short) =>
        lab.withContender('backlog', subject, [String(PENDING)], async (long) => {
          for (const each of [short, long]) await each.ask('round', { spans });
          const samples: [number[], number[]] = [[], []];
          for (let round = 0; round < lab.either(7, 3); round++) {
            samples[0].push(await short.ask<number>('round', { spans }));
            samples[1].push(await long.ask<number>('round', { spans }));
          }
          const pending = await long.ask<number>('close');
          assert.ok(pending >= PENDING, `${pending} spans were pending`);
          const waiting = await short.ask<number>('close');
          assert.ok(waiting <= 1_024, `${waiting} spans were pending`);
          const name = await long.ask<string>('name');
          return samples.map((each) => figureOf(name, each));
        }),
      );
      const percent = 100 * (many.median / few.median - 1);
      if (subject === OURS) score = percent;
      figures.push(many);
      notes.push(
        `${many.name}: ${few.median.toFixed(0)} ns with 512 pending, a change of ${percent.toFixed(1)} % with 20,000`,
      );
    }
    return { unit: 'ns', figures, score, notes };
  },
};
