import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { flushAfter } from '../../src/instrument/event-flush.ts';
import { codesOf, diagnosticLog } from '../core/diagnostic-log.ts';

/** Starts an event that ends when the test says so. Returns what its runtime waits for. */
function startEvent(flush: () => Promise<unknown>) {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const waiting: Promise<unknown>[] = [];
  flushAfter(over, (promise) => waiting.push(promise), flush);
  return { end, waited: Promise.all(waiting) };
}

describe('the flush of an event', () => {
  const log = diagnosticLog();

  it('happens when the event is over, and is awaited', async () => {
    const happened: string[] = [];
    const flush = async () => {
      happened.push('begun');
      await delay(10);
      happened.push('sent');
    };
    const { end, waited } = startEvent(flush);
    await delay(100);
    assert.deepEqual(happened, []);
    end();
    await waited;
    assert.deepEqual(happened, ['begun', 'sent']);
  });

  it('is shared by events that end together', async () => {
    let flushes = 0;
    const flush = async () => {
      flushes++;
    };
    const events = Array.from({ length: 50 }, () => startEvent(flush));
    for (const { end } of events) end();
    await Promise.all(events.map(({ waited }) => waited));
    assert.equal(flushes, 1);
    const later = startEvent(flush);
    later.end();
    await later.waited;
    assert.equal(flushes, 2);
  });

  it('does not wait for that of another event', async () => {
    let release = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    let flushes = 0;
    const flush = () => (flushes++ === 0 ? stuck : Promise.resolve());
    const first = startEvent(flush);
    first.end();
    while (flushes === 0) await delay(5);
    const second = startEvent(flush);
    second.end();
    await second.waited;
    assert.equal(flushes, 2);
    release();
    await first.waited;
  });

  it('is repeated while spans are left, and awaited until none are', async () => {
    const left = [2, 1, 0];
    const { end, waited } = startEvent(async () => ({ pending: left.shift() }));
    end();
    await waited;
    assert.deepEqual(left, []);
  });

  it('is not repeated if another flush has begun, which repeats itself', async () => {
    let flushes = 0;
    const flush = async () => ({ pending: ++flushes < 3 ? 1 : 0 });
    const [first, second] = [startEvent(flush), startEvent(flush)];
    first.end();
    while (flushes === 0) await delay(5);
    second.end();
    await Promise.all([first.waited, second.waited]);
    assert.equal(flushes, 3);
  });

  it('that fails is reported, and rejects no promise', async () => {
    for (const fail of [
      () => Promise.reject(new Error('no')),
      () => {
        throw new Error('no');
      },
    ]) {
      const { end, waited } = startEvent(fail);
      end();
      await waited;
    }
    assert.deepEqual(codesOf(log), ['flush_failed']);
  });

  it('happens even if the runtime no longer accepts promises', async () => {
    let flushed = () => {};
    const done = new Promise<void>((resolve) => {
      flushed = resolve;
    });
    const refuse = () => {
      throw new TypeError('the event is over');
    };
    flushAfter(Promise.resolve(), refuse, async () => flushed());
    await done;
  });
});
