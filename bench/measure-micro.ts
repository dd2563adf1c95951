import assert from 'node:assert/strict';
import { type DecodedSpan, decodeRequest, flatten } from '../test/oracle/otlp.ts';
import type { BenchCase } from './bench-case.ts';
import { besideSubject, readBeside } from './beside.ts';
import type { Contender } from './contender.ts';
import { figureOf, timesLessInPairs } from './figure.ts';
import { SUBJECTS } from './lab.ts';
import type { MicroCase } from './micro-case.ts';
import { inTurns } from './turns.ts';

// The compiler's choices differ between processes, not between rounds, and a disturbance can only make a round slower.
// So there are several generations of processes, each process counts with its fastest round, and a score is the median
// of the ratios within the generations. The deviation from their middle, in either direction, that nine tenths of the
// scores stayed within, on a shared machine with two cores, for span-attributes, span-bare and unsampled:
//
//   1 process, 4 rounds, ratio of the medians                       20 %  15 %  23 %
//   3 processes, all their rounds, ratio of the medians             11 %  13 %  11 %
//   5 processes, all their rounds, ratio of the medians              8 %   9 %   7 %
//   5 processes, least round of each, median of the ratios           7 %   8 %   7 %
//   9 processes, least round of each, median of the ratios           4 %   5 %   6 %
const GENERATIONS = { full: 7, quick: 2 };
// Enough for a rough figure.
const GENERATIONS_BESIDE = 3;
const ROUNDS = { full: 4, quick: 2 };
const ROUND_MILLIS = 120;

/** Turns a micro case into a case of the suite. It first checks that all subjects do the same work, then times it. */
export function measureMicro(micro: MicroCase): BenchCase {
  const { name, what, subjects = SUBJECTS } = micro;
  return {
    name,
    what,
    everywhere: true,
    async measure(lab) {
      const beside = lab.showsBeside ? (micro.beside ?? []) : [];
      const all = [...subjects, ...beside.map(besideSubject)];
      const names: string[] = [];
      const leasts = all.map((): number[] => []);
      for (let generation = 0; generation < lab.either(GENERATIONS.full, GENERATIONS.quick); generation++) {
        const taking = generation < GENERATIONS_BESIDE ? all : subjects;
        await lab.withContenders('micro', taking, [name], async (contenders) => {
          if (generation === 0) {
            await assertWork(micro, contenders.slice(0, subjects.length));
            for (const [at, each] of beside.entries()) {
              const sample = await sampleOf(contenders[subjects.length + at]);
              if (sample !== undefined) micro.check?.(readBeside[each](sample));
            }
            for (const contender of contenders) names.push(await contender.ask<string>('name'));
          }
          // The first turn warms up the compiler and is not counted.
          await inTurns(contenders, 1, 'round', { millis: ROUND_MILLIS });
          const rounds = lab.either(ROUNDS.full, ROUNDS.quick);
          const samples = await inTurns(contenders, rounds, 'round', { millis: ROUND_MILLIS });
          for (const [at, each] of samples.entries()) leasts[at].push(Math.min(...each));
        });
      }
      const figures = leasts.map((each, at) => figureOf(names[at], each));
      return {
        unit: 'ns',
        figures: figures.slice(0, subjects.length),
        beside: figures.slice(subjects.length),
        score: timesLessInPairs(leasts.slice(0, subjects.length)),
      };
    },
  };
}

async function sampleOf(contender: Contender): Promise<Uint8Array | undefined> {
  const sample = await contender.ask<string | null>('sample');
  return sample === null ? undefined : new Uint8Array(Buffer.from(sample, 'base64'));
}

/** Asserts that contenders that speak OTLP do the work of the case, and all do the same. */
async function assertWork({ name, check }: MicroCase, contenders: readonly Contender[]): Promise<void> {
  const said: unknown[] = [];
  for (const contender of contenders) {
    const sample = await sampleOf(contender);
    assert.equal(sample !== undefined, check !== undefined, `${name} is checked where it encodes`);
    if (sample === undefined) continue;
    const spans = flatten(decodeRequest(sample));
    assert.ok(spans.length >= 2);
    check?.(spans);
    said.push(spans.map(contentOf));
  }
  for (const each of said) assert.deepEqual(each, said[0], `${name}: all encode the same spans`);
}

/** Returns what every encoding of a span must have in common: everything except ids and times. */
function contentOf(span: DecodedSpan): unknown {
  const { name, kind, parentSpanId, attributes, events, links, status, scope } = span;
  return {
    ...{ name, kind, attributes, links, status, isRoot: parentSpanId === '' },
    scope: [scope.name, scope.version],
    events: events.map((event) => [event.name, event.attributes]),
  };
}
