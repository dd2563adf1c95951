import assert from 'node:assert/strict';
import type { BenchCase } from '../bench-case.ts';
import { figureOf } from '../figure.ts';
import { OURS, SUBJECTS } from '../lab.ts';
import type { LoadReport, LoadRequest } from '../programs/load.ts';

/** Measures the share of spans that are lost at 20,000 a second with a slow collector. */
function slowCollector(name: string, delayMillis: number, millis: number): BenchCase {
  return {
    name,
    what: `spans lost at 20,000 spans/s, collector answers after ${delayMillis} ms`,
    everywhere: false,
    async measure(lab) {
      const figures = [];
      const stretch: LoadRequest = { spansPerSecond: 20_000, millis: lab.either(millis, millis / 2), pace: 'sleep' };
      for (const subject of lab.either(SUBJECTS, [OURS])) {
        const samples: number[] = [];
        let shown = '';
        for (let round = 0; round < lab.either(3, 1); round++) {
          await lab.withCollector(delayMillis, ({ url, received }) =>
            lab.withContender('load', subject, [url], async (contender) => {
              shown = await contender.ask<string>('name');
              const report = await contender.ask<LoadReport>('load', stretch);
              assert.ok(report.spans >= 0.9 * stretch.spansPerSecond * (stretch.millis / 1_000), 'the rate is held');
              await contender.ask('close');
              const { spans } = await received();
              assert.ok(spans > 0 && spans <= report.spans, `${spans} of ${report.spans} spans arrived`);
              samples.push((100 * (report.spans - spans)) / report.spans);
            }),
          );
        }
        figures.push(figureOf(shown, samples));
      }
      return { unit: '% lost', figures, score: figures[0].most };
    },
  };
}

export const slowCollector100 = slowCollector('slow-collector-100', 100, 4_000);
export const slowCollector1000 = slowCollector('slow-collector-1000', 1_000, 8_000);
