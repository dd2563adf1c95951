import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { faultTests, Subject } from './subject.ts';

const { servers } = faultTests();
const UNAVAILABLE: Fault = { kind: 'answer', status: 503 };

// The tests run concurrently, since each of them mostly waits.
describe('an outage:', { concurrency: true }, () => {
  describe('spans to be retried', { concurrency: true }, () => {
    test('are sent automatically, after growing pauses', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn(UNAVAILABLE);
      subject.end(5);
      await subject.flush();
      await delay(2_800);
      // The first attempt is immediate. The next ones follow after about 1 and 2.5 seconds.
      const { length } = (await server.report()).requestSpans;
      assert.ok(length >= 2 && length <= 5, String(length));
      await server.recover();
      const { acknowledged, unknown } = await subject.settledByItself();
      assert.deepEqual([acknowledged, unknown], [5, 0]);
      assert.equal((await server.report()).total, 5);
    });

    test('are sent automatically when a server starts', async (t) => {
      const server = await servers.start();
      await server.close();
      const subject = new Subject(t, server.url, {}, { scheduledDelayMillis: 100 });
      subject.end(5);
      await delay(500);
      await server.listen();
      assert.equal((await subject.settledByItself()).acknowledged, 5);
      assert.equal((await server.report()).total, 5);
    });

    for (const [what, fault] of [
      ['stayed silent', { kind: 'silence', at: 'request' }],
      ['broke off', { kind: 'break', at: 'request' }],
    ] as [string, Fault][]) {
      test(`are sent automatically when a server answers that ${what}`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url, { timeoutMillis: 800 }, { scheduledDelayMillis: 100 });
        await server.turn(fault);
        subject.end(5);
        await server.requested(1);
        await server.recover();
        const { acknowledged, unknown } = await subject.settledByItself();
        assert.deepEqual([acknowledged, unknown], [5, 0]);
        const { received, total, repeated } = await server.report();
        assert.deepEqual([received, total, repeated], [5, 10, 0]);
      });
    }

    test('are sent once for each flush, and concurrent flushes share the request', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn(UNAVAILABLE);
      subject.end(5);
      for (let requests = 1; requests <= 8; requests++) {
        const flushes = [subject.flush(), subject.flush(), subject.flush()];
        for (const flushed of flushes) assert.deepEqual(await flushed, { exported: 0, pending: 5, dropped: 0 });
        assert.equal((await server.report()).requestSpans.length, requests);
      }
      await server.recover();
      assert.deepEqual(await subject.flush(), { exported: 5, pending: 0, dropped: 0 });
    });

    test('are sent batch by batch while attempts fail, and then in requests that double', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url, {}, { maxExportBatchSize: 10 });
      await server.turn(UNAVAILABLE);
      subject.end(1_000);
      for (let attempts = 0; attempts < 3; attempts++) await subject.flush();
      const { requestSpans: failed } = await server.report();
      assert.ok(failed.length >= 3);
      // The first batch is sent as soon as it is full, before the others are.
      assert.deepEqual(new Set(failed), new Set([10]));
      await server.recover();
      assert.equal((await subject.settle()).acknowledged, 1_000);
      const { requestSpans, total, peakConcurrency } = await server.report();
      const sizes = requestSpans.slice(failed.length);
      assert.equal(sizes[0], 10);
      for (const [at, size] of sizes.entries()) assert.ok(size <= 10 * 2 ** at, String(sizes));
      // With doubling, seven requests are enough for a hundred batches.
      assert.ok(sizes.length <= 12, String(sizes));
      assert.deepEqual([total, peakConcurrency], [1_000, 1]);
    });

    test('stay in the queue, and further spans are dropped once it is full', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url, {}, { maxQueueSize: 20 });
      await server.close();
      const ids = subject.end(20);
      subject.end(30);
      await subject.flush();
      subject.end(10);
      assert.deepEqual(await subject.flush(), { exported: 0, pending: 20, dropped: 0 });
      assert.deepEqual(subject.stats().dropped, { queue_full: 40 });
      await server.listen();
      const { acknowledged, unknown, dropped } = await subject.settle();
      assert.deepEqual([acknowledged, unknown, dropped], [20, 0, { queue_full: 40 }]);
      assert.deepEqual(await server.ids(), ids.sort());
      subject.end(5);
      assert.equal((await subject.settle()).acknowledged, 25);
    });

    test('are given up after three time-outs, since they may be the reason for them', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url, { timeoutMillis: 700 });
      await server.turn({ kind: 'silence', at: 'request' });
      subject.end(5);
      for (const pending of [5, 5, 0]) assert.equal((await subject.flush()).pending, pending);
      assert.deepEqual([subject.stats().unknown, subject.stats().dropped], [5, {}]);
      await server.recover();
      subject.end(5);
      const { acknowledged, unknown } = await subject.settle();
      assert.deepEqual([acknowledged, unknown], [5, 5]);
      const { received, total } = await server.report();
      assert.deepEqual([received, total], [10, 20]);
    });

    test('are given up if others get answers and they do not', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url, {}, { maxExportBatchSize: 5 });
      await server.turn({ kind: 'break', at: 'request', only: { text: 'poison' } });
      subject.end(5);
      subject.end(5, { text: 'poison' });
      subject.end(15);
      const { acknowledged, unknown, dropped } = await subject.settle();
      assert.deepEqual([acknowledged, unknown, dropped], [20, 5, {}]);
      const { received, repeated } = await server.report();
      assert.deepEqual([received, repeated], [25, 0]);
    });

    test('may have arrived even if they are refused in the end, when an earlier request got no answer', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn({ kind: 'break', at: 'request' });
      subject.end(5);
      assert.equal((await subject.flush()).pending, 5);
      await server.turn({ kind: 'answer', status: 400 });
      await subject.settle();
      subject.end(5);
      const { unknown, dropped } = await subject.settle();
      assert.deepEqual([unknown, dropped], [5, { refused: 5 }]);
      assert.equal((await server.report()).received, 5);
    });

    test('are not given up if no request gets an answer', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn({ kind: 'break', at: 'request' });
      subject.end(5);
      for (let attempts = 0; attempts < 12; attempts++) assert.equal((await subject.flush()).pending, 5);
      await server.recover();
      assert.equal((await subject.settle()).acknowledged, 5);
    });
  });

  describe('a shutdown', { concurrency: true }, () => {
    test('ends soon if no server listens and none ever did', async (t) => {
      const server = await servers.start();
      await server.close();
      const subject = new Subject(t, server.url);
      subject.end(5);
      const start = performance.now();
      assert.deepEqual(await subject.processor.shutdown(), { exported: 0, pending: 0, dropped: 5 });
      assert.ok(performance.now() - start < 5_000);
      assert.equal(subject.stats().unknown, 0);
    });

    for (const [what, fault] of [
      ['can take nothing', UNAVAILABLE],
      ['breaks off', { kind: 'break', at: 'request' }],
    ] as [string, Fault][]) {
      test(`continues to retry if the server has answered before and ${what}`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        subject.end(5);
        await subject.flush();
        await server.turn(fault);
        subject.end(5);
        const closed = subject.processor.shutdown();
        await server.requested(3);
        await server.recover();
        assert.deepEqual(await closed, { exported: 5, pending: 0, dropped: 0 });
        assert.deepEqual(await server.ids(), subject.ids.sort());
        assert.deepEqual([subject.stats().acknowledged, (await server.report()).repeated], [10, 0]);
      });
    }

    test('ends at its deadline, and spans without an answer count as unknown', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url, { timeoutMillis: 800 }, { maxExportBatchSize: 5 });
      subject.end(5);
      await subject.flush();
      await server.turn({ kind: 'silence', at: 'request' });
      subject.end(5);
      await subject.flush();
      subject.end(25);
      assert.deepEqual(await subject.processor.shutdown({ timeoutMillis: 1_000 }), {
        exported: 0,
        pending: 0,
        dropped: 30,
      });
      const { acknowledged, unknown } = subject.stats();
      const { received } = await server.report();
      assert.equal(acknowledged, 5);
      assert.ok(unknown >= 5 && received <= acknowledged + unknown, `${received}, ${unknown}`);
    });

    test('ends at its deadline, counts refused spans as dropped, and sends nothing afterwards', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      subject.end(5);
      await subject.flush();
      await server.turn(UNAVAILABLE);
      subject.end(5);
      await subject.flush();
      assert.deepEqual(await subject.processor.shutdown({ timeoutMillis: 300 }), {
        exported: 0,
        pending: 0,
        dropped: 5,
      });
      assert.equal(subject.stats().unknown, 0);
      await server.recover();
      const { length } = (await server.report()).requestSpans;
      subject.end(5);
      await subject.flush();
      await delay(2_000);
      assert.equal((await server.report()).requestSpans.length, length);
      const { acknowledged, unknown, pending } = subject.stats();
      assert.deepEqual([acknowledged, unknown, pending], [5, 0, 0]);
    });
  });
});
