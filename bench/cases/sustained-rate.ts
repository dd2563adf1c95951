import type { BenchCase } from '../bench-case.ts';
import { figureOf, timesMore } from '../figure.ts';
import { type Collector, type Lab, SUBJECTS } from '../lab.ts';
import type { LoadReport, LoadRequest } from '../programs/load.ts';

const FIRST_RATE = 50_000;
const MOST_DOUBLINGS = 7;

/** True if a subject keeps up with `spansPerSecond` and every span arrives. */
async function sustains(lab: Lab, { url, received }: Collector, subject: string, spansPerSecond: number) {
  return lab.withContender('load', subject, [url], async (contender) => {
    const warmUp: LoadRequest = { spansPerSecond: 10_000, millis: 500, pace: 'spin' };
    const warm = await contender.ask<LoadReport>('load', warmUp);
    const millis = lab.either(2_000, 700);
    const report = await contender.ask<LoadReport>('load', { spansPerSecond, millis, pace: 'spin' });
    await contender.ask('close');
    const { spans } = await received();
    const due = (spansPerSecond * report.millis) / 1_000;
    return spans === warm.spans + report.spans && report.spans >= 0.97 * due;
  });
}

/** Finds the highest sustained rate, by doubling the rate, then by bisecting the interval on a logarithmic scale. */
async function highestRate(lab: Lab, collector: Collector, subject: string): Promise<number> {
  let held = 0;
  let missed = FIRST_RATE;
  for (let doubling = 0; doubling < MOST_DOUBLINGS; doubling++) {
    if (!(await sustains(lab, collector, subject, missed))) break;
    held = missed;
    missed *= 2;
  }
  // If even the first rate is too high, search from a sixteenth of it.
  if (held === 0) held = FIRST_RATE / 16;
  for (let step = 0; step < lab.either(4, 2); step++) {
    const between = Math.sqrt(held * missed);
    if (await sustains(lab, collector, subject, between)) held = between;
    else missed = between;
  }
  return held;
}

export const sustainedRate: BenchCase = {
  name: 'sustained-rate',
  what: 'highest sustained rate without lost spans',
  everywhere: false,
  async measure(lab) {
    const samples = SUBJECTS.map((): number[] => []);
    const names: string[] = [];
    for (let round = 0; round < lab.either(3, 1); round++) {
      for (const [at, subject] of SUBJECTS.entries()) {
        const rate = await lab.withCollector(0, async (collector) => {
          names[at] ??= await lab.withContender('load', subject, [collector.url], (each) => each.ask<string>('name'));
          return highestRate(lab, collector, subject);
        });
        samples[at].push(rate);
      }
    }
    const figures = samples.map((each, at) => figureOf(names[at], each));
    return { unit: 'spans/s', figures, score: timesMore(figures) };
  },
};
