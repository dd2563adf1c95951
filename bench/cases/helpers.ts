import assert from 'node:assert/strict';
import { decodeRequest, flatten } from '../../test/oracle/otlp.ts';
import type { BenchCase } from '../bench-case.ts';
import { figureOf } from '../figure.ts';
import { OURS } from '../lab.ts';

export const helpers: BenchCase = {
  name: 'helpers',
  what: 'worst overhead of a helper over the equivalent startSpan',
  everywhere: true,
  measure: (lab) =>
    lab.withContender('helpers', OURS, [], async (contender) => {
      const names = await contender.ask<string[]>('names');
      const samples = await contender.ask<string[]>('samples');
      for (const [at, sample] of samples.entries()) {
        const [helper, plain] = flatten(decodeRequest(Buffer.from(sample, 'base64')));
        assert.deepEqual(
          [helper.name, helper.attributes, helper.parentSpanId],
          [plain.name, plain.attributes, plain.parentSpanId],
          names[at],
        );
      }
      const millis = lab.either(80, 40);
      const turns = lab.either(8, 2);
      const nanos = names.map((): [number[], number[]] => [[], []]);
      // The first round warms up the compiler.
      for (let round = -1; round < lab.either(9, 3); round++) {
        for (const at of names.keys()) {
          const [helper, plain] = await contender.ask<[number, number]>('round', { at, millis, turns });
          if (round < 0) continue;
          nanos[at][0].push(helper);
          nanos[at][1].push(plain);
        }
      }
      const pairs = nanos.map(([helper, plain], at) => {
        const figures = [figureOf(names[at], helper), figureOf('the equivalent startSpan', plain)];
        // Compare round by round, so that a slow moment of the machine affects both.
        const percent = figureOf(
          '',
          helper.map((each, round) => 100 * (each / plain[round] - 1)),
        ).median;
        return {
          figures,
          percent,
          note: `${names[at]}: ${percent.toFixed(0)} % over ${figures[1].median.toFixed(0)} ns`,
        };
      });
      const worst = pairs.reduce((a, b) => (b.percent > a.percent ? b : a));
      return { unit: 'ns', figures: worst.figures, score: worst.percent, notes: pairs.map(({ note }) => note) };
    }),
};
