import assert from 'node:assert/strict';
import dns from 'node:dns';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { faultTests, Subject } from './subject.ts';

const { servers, saidOf } = faultTests();
const SILENCE_MILLIS = 1_000;

// Ways in which a connection can prevent an answer. None of them loses spans.
const unanswered: [what: string, fault: Fault, arrives: boolean][] = [
  ['is reset before anything is read', { kind: 'break', at: 'connection' }, false],
  ['is reset in the midst of the request', { kind: 'break', at: 'half' }, false],
  ['is reset after the request', { kind: 'break', at: 'request' }, true],
  ['is closed after the request', { kind: 'break', at: 'request', gently: true }, true],
  ['is reset within the head of the answer', { kind: 'break', at: 'head' }, true],
  ['is closed within the head of the answer', { kind: 'break', at: 'head', gently: true }, true],
  ['is not read from', { kind: 'silence', at: 'connection' }, false],
  ['is read from slowly', { kind: 'slow reader' }, false],
  ['stays silent', { kind: 'silence', at: 'request' }, true],
  ['stays silent after half a head', { kind: 'silence', at: 'head' }, true],
  ['brings another protocol', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.6\r\n' }, true],
  ['brings noise', { kind: 'raw', bytes: '\x00\xff\x16\x03\x01'.repeat(1_000) }, true],
  [
    'brings HTTP/2',
    { kind: 'raw', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00' },
    true,
  ],
  ['brings a status that is none', { kind: 'raw', bytes: 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n' }, true],
  ['brings a head without end', { kind: 'raw', bytes: `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(100_000)}` }, true],
];

describe('a connection that', { concurrency: true }, () => {
  for (const [what, fault, arrives] of unanswered) {
    test(`${what} loses no span`, async (t) => {
      const server = await servers.start();
      // The kernel reads for a slow reader, and buffers a megabyte or more.
      const isSlow = fault.kind === 'slow reader';
      const attributes = isSlow ? { text: 'x'.repeat(500_000) } : undefined;
      const isSilent = isSlow || fault.kind === 'silence';
      const subject = new Subject(t, server.url, isSilent ? { timeoutMillis: SILENCE_MILLIS } : {});
      subject.end(5);
      assert.deepEqual(await subject.flush(), { exported: 5, pending: 0, dropped: 0 });
      await server.turn(fault);
      for (const pending of [5, 10]) {
        subject.end(5, attributes);
        assert.deepEqual(await subject.flush(), { exported: 0, pending, dropped: 0 });
      }
      await server.recover();
      subject.end(5);
      const { acknowledged, unknown, dropped } = await subject.settle();
      assert.deepEqual([acknowledged, unknown, dropped], [20, 0, {}]);
      assert.deepEqual(await server.ids(), subject.ids.sort());
      const { total, received, repeated, problems } = await server.report();
      assert.deepEqual([received, repeated, problems], [20, 0, []]);
      // Spans that may have arrived are sent again. Only they may arrive twice.
      assert.equal(total > received, arrives);
    });
  }

  test('is refused loses no span', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url);
    await server.close();
    for (const pending of [5, 10]) {
      subject.end(5);
      assert.deepEqual(await subject.flush(), { exported: 0, pending, dropped: 0 });
    }
    await server.listen();
    subject.end(5);
    const { acknowledged, unknown, dropped } = await subject.settle();
    assert.deepEqual([acknowledged, unknown, dropped], [15, 0, {}]);
    const { total, received, problems } = await server.report();
    assert.deepEqual([total, received, problems], [15, 15, []]);
  });

  test('has no address loses no span', async (t) => {
    const host = 'does-not-exist.invalid';
    const server = await servers.start();
    const { lookup } = dns;
    let exists = false;
    t.mock.method(dns, 'lookup', (name: string, ...rest: [never, never]) =>
      lookup(name === host && exists ? '127.0.0.1' : name, ...rest),
    );
    const subject = new Subject(t, server.url.replace('127.0.0.1', host));
    for (const pending of [5, 10]) {
      subject.end(5);
      assert.deepEqual(await subject.flush(), { exported: 0, pending, dropped: 0 });
    }
    exists = true;
    subject.end(5);
    const { acknowledged, unknown, dropped } = await subject.settle();
    assert.deepEqual([acknowledged, unknown, dropped], [15, 0, {}]);
    const { total, received } = await server.report();
    assert.deepEqual([total, received], [15, 15]);
  });

  test('is never established loses its spans at the shutdown, counted as dropped', async (t) => {
    const subject = new Subject(t, 'http://does-not-exist.invalid');
    subject.end(5);
    await subject.flush();
    subject.end(5);
    const { exported, pending, dropped } = await subject.processor.shutdown();
    assert.deepEqual([exported, pending, dropped], [0, 0, 10]);
    assert.equal(subject.stats().unknown, 0);
  });

  for (const [what, fault, millis] of [
    ['closes while it waits', { kind: 'answer', idleMillis: 20 }, 200],
    ['closes just when the next request sets out', { kind: 'break', at: 'connection', only: 'kept' }, 0],
  ] as [string, Fault, number][]) {
    test(`a proxy ${what} is replaced without a diagnostic`, async (t) => {
      const server = await servers.start();
      await server.turn(fault);
      const subject = new Subject(t, server.url);
      for (let round = 0; round < 4; round++) {
        subject.end(5);
        assert.deepEqual(await subject.flush(), { exported: 5, pending: 0, dropped: 0 });
        await delay(millis);
      }
      const { connections, total, received } = await server.report();
      assert.deepEqual([total, received], [20, 20]);
      assert.ok(connections >= 4, String(connections));
      assert.deepEqual(saidOf(server), []);
    });
  }

  test('a proxy silently drops costs a time-out but no span', async (t) => {
    const server = await servers.start();
    const subject = new Subject(t, server.url, { timeoutMillis: SILENCE_MILLIS });
    subject.end(5);
    await subject.flush();
    await server.turn({ kind: 'silence', at: 'connection', only: 'kept' });
    subject.end(5);
    const { acknowledged, unknown } = await subject.settle();
    assert.deepEqual([acknowledged, unknown], [10, 0]);
    const { total, received } = await server.report();
    assert.deepEqual([total, received], [10, 10]);
  });
});
