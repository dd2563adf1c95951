import assert from 'node:assert/strict';
import type { BenchCase } from '../bench-case.ts';
import { figureOf } from '../figure.ts';
import { OURS, SUBJECTS, UNTRACED } from '../lab.ts';
import type { LoadReport, LoadRequest } from '../programs/load.ts';

export const eventLoop: BenchCase = {
  name: 'event-loop',
  what: 'longest block of the event loop at 20,000 spans/s, including the first batch',
  everywhere: false,
  async measure(lab) {
    const subjects = [UNTRACED, ...lab.either(SUBJECTS, [OURS])];
    const samples = subjects.map((): number[] => []);
    const names: string[] = [];
    const stretch: LoadRequest = { spansPerSecond: 20_000, millis: lab.either(2_000, 1_000), pace: 'spin' };
    for (let round = 0; round < lab.either(9, 3); round++) {
      for (const [at, subject] of subjects.entries()) {
        await lab.withCollector(0, ({ url, received }) =>
          lab.withContender('load', subject, [url], async (contender) => {
            names[at] = await contender.ask<string>('name');
            const report = await contender.ask<LoadReport>('load', stretch);
            await contender.ask('close');
            const { spans } = await received();
            assert.ok(subject === UNTRACED || spans > 0, 'spans arrived');
            samples[at].push(report.longestMillis);
          }),
        );
      }
    }
    const [untraced, ...traced] = samples;
    const base = figureOf('', untraced).median;
    const figures = traced.map((each, at) =>
      figureOf(
        names[at + 1],
        each.map((millis) => Math.max(0, millis - base)),
      ),
    );
    const notes = [`the same loop without tracing: ${base.toFixed(2)} ms, subtracted`];
    return { unit: 'ms', figures, score: figures[0].median, notes };
  },
};
