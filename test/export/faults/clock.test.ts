import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { faultTests, Subject } from './subject.ts';

const { servers } = faultTests();
const HOUR_MILLIS = 3_600_000;
const STEP_MILLIS = 100;
const UNAVAILABLE: Fault = { kind: 'answer', status: 503 };

const { now: trueNow } = Date;
let shift = 0;
let stepping: NodeJS.Timeout;

// Ten times a second, the wall clock jumps back or forward by an hour. The monotonic clock is unaffected.
before(() => {
  Date.now = () => trueNow() + shift;
  stepping = setInterval(() => {
    shift = shift === 0 ? -HOUR_MILLIS : 0;
  }, STEP_MILLIS);
});
after(() => {
  clearInterval(stepping);
  Date.now = trueNow;
});

describe('while the wall clock jumps back and forward by an hour', { concurrency: true }, () => {
  test('spans are sent when their delay is over', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url, {}, { scheduledDelayMillis: 300 });
    for (let round = 0; round < 3; round++) {
      subject.end(5);
      assert.equal((await subject.settledByItself()).acknowledged, subject.ids.length);
    }
  });

  test('spans are sent again after their pauses', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url);
    await server.turn(UNAVAILABLE);
    subject.end(5);
    await subject.flush();
    await server.requested(2);
    await server.recover();
    assert.equal((await subject.settledByItself()).acknowledged, 5);
  });

  for (const [what, millis] of [
    ['to come', 5_000],
    ['that is past', -5_000],
  ] as const) {
    test(`a date ${what} in Retry-After delays no flush`, async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn({ ...UNAVAILABLE, headers: { 'retry-after': new Date(trueNow() + millis).toUTCString() } });
      for (let round = 0; round < 4; round++) {
        subject.end(5);
        assert.equal((await subject.flush()).pending, subject.ids.length);
        await delay(1.2 * STEP_MILLIS);
      }
      await server.recover();
      assert.equal((await subject.settle()).acknowledged, 20);
    });
  }

  test('a request may take up to its time-out', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url, { timeoutMillis: 1_500 });
    await server.turn({ kind: 'answer', delayMillis: 3 * STEP_MILLIS });
    subject.end(5);
    assert.equal((await subject.flush()).exported, 5);
    await server.turn({ kind: 'silence', at: 'request' });
    subject.end(5);
    assert.equal((await subject.flush()).pending, 5);
    await server.recover();
    assert.equal((await subject.settle()).acknowledged, 10);
  });

  // The server checks the times of each span.
  test('spans end after their start, and arrive once', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url, {}, { maxExportBatchSize: 100 });
    for (let round = 0; round < 100; round++) {
      subject.end(10);
      if (round % 50 === 20) await server.turn(UNAVAILABLE);
      if (round % 50 === 40) await server.recover();
      await delay(10);
    }
    assert.equal((await subject.settle()).acknowledged, 1_000);
    const { received, total, problems } = await server.report();
    assert.deepEqual([received, total, problems], [1_000, 1_000, []]);
  });
});
