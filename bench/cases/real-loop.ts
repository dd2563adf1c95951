import assert from 'node:assert/strict';
import { decodeRequest, flatten } from '../../test/oracle/otlp.ts';
import type { BenchCase } from '../bench-case.ts';
import { figureOf, timesLess } from '../figure.ts';
import { SUBJECTS, UNTRACED } from '../lab.ts';
import type { LoadReport, LoadRequest } from '../programs/load.ts';
import { checkTypicalSpans } from '../typical-span.ts';

const RATE = 20_000;

export const realLoop: BenchCase = {
  name: 'real-loop',
  what: 'net CPU per span in a loop that sends 20,000 spans/s',
  everywhere: false,
  async measure(lab) {
    const subjects = [UNTRACED, ...SUBJECTS];
    const samples = subjects.map((): number[] => []);
    const names: string[] = [];
    const notes: string[] = [];
    const warmUp: LoadRequest = { spansPerSecond: RATE, millis: 1_000, pace: 'sleep' };
    const stretch: LoadRequest = { spansPerSecond: RATE, millis: lab.either(4_000, 1_500), pace: 'sleep' };
    for (let round = 0; round < lab.either(5, 1); round++) {
      for (const [at, subject] of subjects.entries()) {
        await lab.withCollector(0, ({ url, received }) =>
          lab.withContender('load', subject, [url], async (contender) => {
            names[at] = await contender.ask<string>('name');
            // The first requests load the modules that the rest use. Another case measures that.
            const warm = await contender.ask<LoadReport>('load', warmUp);
            const report = await contender.ask<LoadReport>('load', stretch);
            await contender.ask('close');
            const { spans, sample } = await received();
            if (subject !== UNTRACED) {
              checkTypicalSpans(flatten(decodeRequest(Buffer.from(sample, 'base64'))));
              const lost = warm.spans + report.spans - spans;
              assert.ok(lost >= 0 && spans > 0, `${names[at]}: ${spans} spans arrived`);
              if (lost > 0) notes.push(`${names[at]} lost ${lost} of ${warm.spans + report.spans} spans in a round`);
            }
            samples[at].push((report.cpuMillis * 1e6) / report.spans);
          }),
        );
      }
    }
    const [untraced, ...traced] = samples;
    const base = figureOf('', untraced).median;
    const figures = traced.map((each, at) =>
      figureOf(
        names[at + 1],
        each.map((nanos) => nanos - base),
      ),
    );
    notes.unshift(`the same loop without tracing: ${base.toFixed(0)} ns, subtracted`);
    return { unit: 'ns', figures, score: timesLess(figures), notes };
  },
};
