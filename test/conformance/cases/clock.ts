import { startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectTrue } from '../expectation.ts';

const COUNT = 50;
const PAUSE_MILLIS = 50;

export default defineCase({
  title: 'Wall time, durations and order',
  spans: COUNT + 2,
  async run({ initialize }) {
    initialize();
    await withSpan('pause', () => new Promise((resolve) => setTimeout(resolve, PAUSE_MILLIS)));
    const outer = startSpan('outer');
    for (let index = 0; index < COUNT; index++) {
      startSpan(`${index}`, { parent: outer }).end();
      if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    outer.end();
    await shutDown();
  },
  check({ spans, startedAt, endedAt }) {
    const millis = (nanos: bigint) => Number(nanos) / 1e6;
    for (const { name, startTimeUnixNano: start, endTimeUnixNano: end } of spans) {
      expectTrue(end >= start, `${name} ends before it starts`);
      const isNow = millis(start) > startedAt - 1_000 && millis(end) < endedAt + 1_000;
      expectTrue(isNow, `${name}: ${millis(start)} to ${millis(end)} is not between ${startedAt} and ${endedAt}`);
    }
    const named = (name: string) => spans.filter((span) => span.name === name)[0];
    const [pause, outer] = [named('pause'), named('outer')];
    const duration = millis(pause.endTimeUnixNano - pause.startTimeUnixNano);
    // A timer may fire a millisecond early.
    const isSo = duration >= PAUSE_MILLIS - 2 && duration < endedAt - startedAt;
    expectTrue(isSo, `a pause of ${PAUSE_MILLIS} ms took ${duration}`);
    const inOrder = Array.from({ length: COUNT }, (_, index) => named(`${index}`));
    let last = outer.startTimeUnixNano;
    for (const { name, startTimeUnixNano, endTimeUnixNano } of inOrder) {
      expectTrue(startTimeUnixNano >= last, `${name} starts before the one before it ends`);
      last = endTimeUnixNano;
    }
    expectTrue(outer.endTimeUnixNano >= last, 'the parent ends before its last child');
    expectEqual(pause.endTimeUnixNano <= outer.startTimeUnixNano, true, 'one trace is before the other');
  },
});
