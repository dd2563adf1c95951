import assert from 'node:assert/strict';
import { type DecodedSpan, decodeRequest, flatten } from '../test/oracle/otlp.ts';
import type { BenchCase } from './bench-case.ts';
import { timesLess } from './figure.ts';
import { SUBJECTS } from './lab.ts';
import type { MicroCase } from './micro-case.ts';
import { inTurns } from './turns.ts';

/** A micro case as one of the suite: first that all do the work, and the same; then how long it takes. */
export function measureMicro({ name, what, subjects = SUBJECTS, check }: MicroCase): BenchCase {
  return {
    name,
    what,
    everywhere: true,
    measure: (lab) =>
      lab.withContenders('micro', subjects, [name], async (contenders) => {
        const said: unknown[] = [];
        for (const contender of contenders) {
          const sample = await contender.ask<string | null>('sample');
          assert.equal(sample !== null, check !== undefined, `${name} is checked where it encodes`);
          if (sample === null) continue;
          const spans = flatten(decodeRequest(Buffer.from(sample, 'base64')));
          assert.ok(spans.length >= 2);
          check?.(spans);
          said.push(spans.map(contentOf));
        }
        for (const each of said) assert.deepEqual(each, said[0], `${name}: all encode the same spans`);
        const millis = lab.either(250, 120);
        // A first turn without a figure, for the compiler.
        for (const contender of contenders) await contender.ask('round', { millis });
        const figures = await inTurns(contenders, lab.either(9, 3), 'round', { millis });
        return { unit: 'ns', figures, score: timesLess(figures) };
      }),
  };
}

/** What must be the same whoever encodes a span: all but ids and times. */
function contentOf(span: DecodedSpan): unknown {
  const { name, kind, parentSpanId, attributes, events, links, status, scope } = span;
  return {
    ...{ name, kind, attributes, links, status, isRoot: parentSpanId === '' },
    scope: [scope.name, scope.version],
    events: events.map((event) => [event.name, event.attributes]),
  };
}
