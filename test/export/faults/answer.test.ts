import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attributes } from '../../../src/core/attributes.ts';
import type { Answer, Fault } from './fault.ts';
import { AUTHORIZATION, SECRET } from './secret.ts';
import { faultTests, Subject } from './subject.ts';

const { servers, saidOf } = faultTests();
// The longest pause that a server may ask for, plus jitter.
const LONGEST_PAUSE_MILLIS = 36_000;
// Longer than the first pause without a `Retry-After`.
const AFTER_FIRST_PAUSE_MILLIS = 1_900;

const delays: number[] = [];
const { setTimeout: original } = globalThis;

before(() => {
  globalThis.setTimeout = ((callback: () => void, millis: number, ...rest: []) => {
    delays.push(millis);
    return original(callback, millis, ...rest);
  }) as typeof original;
});
after(() => {
  globalThis.setTimeout = original;
});

// The tests run concurrently, since each of them mostly waits.
describe('an answer:', { concurrency: true }, () => {
  describe('spans are refused permanently', { concurrency: true }, () => {
    for (const status of [
      400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 414, 415, 416, 417, 418, 421, 422, 423, 425, 426,
      428, 431, 451, 499, 500, 501, 505, 507, 508, 510, 511, 520, 525, 599, 600, 999,
    ]) {
      test(`by ${status}, whatever its Retry-After says`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', status, headers: { 'retry-after': '0' }, body: 'no' });
        for (let round = 0; round < 2; round++) {
          subject.end(5);
          assert.deepEqual(await subject.flush(), { exported: 0, pending: 0, dropped: 5 });
        }
        await server.recover();
        const last = subject.end(5);
        const { acknowledged, unknown, dropped } = await subject.settle();
        assert.deepEqual([acknowledged, unknown, dropped], [5, 0, { refused: 10 }]);
        assert.deepEqual(await server.ids(), last.sort());
        const { requestSpans, repeated, problems } = await server.report();
        assert.deepEqual([requestSpans, repeated, problems], [[5, 5, 5], 0, []]);
      });
    }

    for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
      test(`by ${status}, and the redirect target receives no spans and no headers`, async (t) => {
        const [server, elsewhere] = [await servers.start(), await servers.start()];
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', status, headers: { location: elsewhere.url } });
        for (let round = 0; round < 2; round++) {
          subject.end(5);
          assert.deepEqual(await subject.flush(), { exported: 0, pending: 0, dropped: 5 });
        }
        await server.recover();
        subject.end(5);
        const { acknowledged, dropped } = await subject.settle();
        assert.deepEqual([acknowledged, dropped], [5, { refused: 10 }]);
        assert.deepEqual((await server.report()).requestSpans, [5, 5, 5]);
        assert.equal((await elsewhere.report()).connections, 0);
      });
    }

    test('by 400 with a body of 100 MB, little of which is read', async (t) => {
      const server = await servers.start();
      const subject = new Subject(t, server.url);
      await server.turn({ kind: 'flood', status: 400, framing: 'chunked' });
      subject.end(5);
      await subject.flush();
      await server.recover();
      subject.end(5);
      const { acknowledged, dropped } = await subject.settle();
      assert.deepEqual([acknowledged, dropped], [5, { refused: 5 }]);
    });
  });

  describe('spans are sent again', { concurrency: true }, () => {
    const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();
    const answers: [what: string, answer: () => Fault][] = [
      ...[429, 502, 503, 504].map((status): [string, () => Fault] => [
        `after ${status}`,
        () => ({ kind: 'answer', status, body: 'later' }),
      ]),
      ['after 503 with 100 MB', () => ({ kind: 'flood', status: 503, framing: 'length' })],
      ...[
        '-1',
        '99999999',
        '99999999999999999999',
        '1e9',
        'Infinity',
        'NaN',
        'abc',
        '',
        '5, 10',
        '0x7fffffff',
        inSeconds(-3_600),
        inSeconds(86_400),
        'Fri, 31 Dec 9999 23:59:59 GMT',
      ].map((wait): [string, () => Fault] => [
        `after 503 with Retry-After: ${wait}`,
        () => ({ kind: 'answer', status: 503, headers: { 'retry-after': wait } }),
      ]),
    ];
    for (const [what, answer] of answers) {
      test(`${what}and arrive once`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn(answer());
        for (const pending of [5, 10]) {
          subject.end(5);
          // The second flush does not wait for the time that the first answer named.
          assert.deepEqual(await subject.flush(), { exported: 0, pending, dropped: 0 });
        }
        assert.equal((await server.report()).requestSpans.length, 2);
        await server.recover();
        subject.end(5);
        const { acknowledged, unknown, dropped } = await subject.settle();
        assert.deepEqual([acknowledged, unknown, dropped], [15, 0, {}]);
        assert.deepEqual(await server.ids(), subject.ids.sort());
        const { total, received, repeated, problems } = await server.report();
        assert.deepEqual([total, received, repeated, problems], [15, 15, 0, []]);
      });
    }

    for (const wait of ['-1', 'abc', inSeconds(-3_600)]) {
      test(`automatically and soon if Retry-After is unusable: ${wait}`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', status: 503, headers: { 'retry-after': wait } });
        subject.end(5);
        await subject.flush();
        await server.recover();
        assert.equal((await subject.settledByItself()).acknowledged, 5);
      });
    }

    // A date has a resolution of seconds.
    for (const [what, wait] of [
      ['seconds', () => '3'],
      ['a date', () => inSeconds(4)],
    ] as const) {
      test(`automatically, but not before the time that the server names in ${what}`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', status: 503, headers: { 'retry-after': wait() } });
        subject.end(5);
        await subject.flush();
        await server.recover();
        await delay(AFTER_FIRST_PAUSE_MILLIS);
        assert.equal((await server.report()).requestSpans.length, 1);
        assert.equal((await subject.settledByItself()).acknowledged, 5);
      });
    }
  });

  describe('a request that is too large', { concurrency: true }, () => {
    for (const [what, attributes, acknowledged, dropped] of [
      ['is sent again in parts, each batch once', undefined, 110, {}],
      ['though it is a single batch costs that one and no other', { text: 'x'.repeat(3_000) }, 105, { too_large: 5 }],
    ] as [string, Attributes | undefined, number, object][]) {
      test(what, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url, {}, { maxExportBatchSize: 5 });
        await server.turn({ kind: 'answer', delayMillis: 300 });
        // The spans that end while the first batch is in flight are sent in one request or a few.
        subject.end(55);
        subject.end(5, attributes);
        subject.end(50);
        await server.requested(1);
        await server.turn({ kind: 'answer', status: 413, overBytes: 3_000 });
        const stats = await subject.settle();
        assert.deepEqual([stats.acknowledged, stats.unknown, stats.dropped], [acknowledged, 0, dropped]);
        const { requestSpans, total, received, repeated } = await server.report();
        assert.deepEqual([total, received, repeated], [acknowledged, acknowledged, 0]);
        // There was a request that had to be divided.
        assert.ok(requestSpans.reduce((sum, spans) => sum + spans) > 110 && Math.max(...requestSpans) > 5);
      });
    }
  });

  describe('spans are acknowledged', { concurrency: true }, () => {
    const cases: [what: string, fault: Fault][] = [
      ['with 202', { kind: 'answer', status: 202 }],
      ['with 204', { kind: 'raw', bytes: 'HTTP/1.1 204 No Content\r\n\r\n', isAnswer: true }],
      ['with a page', { kind: 'answer', headers: { 'content-type': 'text/html' }, body: '<html>200 OK</html>' }],
      ['with noise', { kind: 'answer', body: '\x0a\xff\xff\xff\xff\x7f\x12\x08\xff' }],
      ['with half of an answer, which is closed', { kind: 'break', at: 'body', gently: true }],
      ['with half of an answer, which is reset', { kind: 'break', at: 'body' }],
      ['with half of an answer, which never goes on', { kind: 'silence', at: 'body' }],
      ['with an answer after which the connection is reset', { kind: 'break', at: 'answer' }],
      ['with an answer after which the connection is closed', { kind: 'break', at: 'answer', gently: true }],
      ['with 100 MB in chunks', { kind: 'flood', status: 200, framing: 'chunked' }],
      ['with 100 MB', { kind: 'flood', status: 200, framing: 'length' }],
      [
        'with a chunk whose size is none',
        {
          kind: 'raw',
          bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\nxyz\r\n',
          isAnswer: true,
        },
      ],
      [
        'after an interim answer',
        {
          kind: 'raw',
          bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
          isAnswer: true,
        },
      ],
      [
        'with two answers to one request',
        { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'.repeat(2), isAnswer: true },
      ],
    ];
    for (const [what, fault] of cases) {
      test(`${what}and are not sent again`, async (t) => {
        const server = await servers.start();
        const isSilent = fault.kind === 'silence';
        const subject = new Subject(t, server.url, isSilent ? { timeoutMillis: 1_000 } : {});
        await server.turn(fault);
        for (let round = 0; round < 2; round++) {
          subject.end(5);
          assert.deepEqual(await subject.flush(), { exported: 5, pending: 0, dropped: 0 });
        }
        await server.recover();
        subject.end(5);
        const { acknowledged } = await subject.settle();
        assert.equal(acknowledged, 15);
        const { total, repeated, problems, sentBytes } = await server.report();
        assert.deepEqual([total, repeated, problems], [15, 0, []]);
        // There were two answers. Of each, 4 MiB plus the content of network buffers may have been sent.
        assert.ok(sentBytes < 80_000_000, String(sentBytes));
      });
    }

    const partial: [what: string, answer: Partial<Answer>, rejected: number][] = [
      ['some of them', { rejected: 2, message: 'no room' }, 2],
      ['all of them', { rejected: 5 }, 5],
      ['more than there were', { rejected: 99 }, 5],
      ['fewer than none', { rejected: -3, message: 'odd' }, 0],
      ['none, with a warning', { rejected: 0, message: 'slow down' }, 0],
    ];
    for (const [what, answer, rejected] of partial) {
      test(`or rejected by a server that reports ${what}, and are not sent again`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', ...answer });
        subject.end(5);
        assert.deepEqual(await subject.flush(), { exported: 5 - rejected, pending: 0, dropped: rejected });
        await server.recover();
        subject.end(5);
        const stats = await subject.settle();
        assert.deepEqual([stats.acknowledged, stats.rejected, stats.dropped], [10 - rejected, rejected, {}]);
        const { requestSpans, received, repeated } = await server.report();
        assert.deepEqual([requestSpans, received, repeated], [[5, 5], 10 - rejected, 0]);
      });
    }
  });

  describe('a server that repeats the headers of a request', { concurrency: true }, () => {
    const echoes: [what: string, answer: Partial<Answer>][] = [
      ...[400, 401, 413, 429, 500, 503].map((status): [string, Partial<Answer>] => [
        `in its answer ${status}`,
        { status, echoes: true },
      ]),
      ['in a partial success', { rejected: 1, echoes: true }],
      ['in a warning', { rejected: 0, echoes: true }],
      ['at the end of what is quoted', { status: 400, body: `${'x'.repeat(286)} ${AUTHORIZATION}` }],
    ];
    for (const [what, answer] of echoes) {
      test(`${what} does not leak a token into diagnostics`, async (t) => {
        const server = await servers.start();
        const subject = new Subject(t, server.url);
        await server.turn({ kind: 'answer', ...answer });
        subject.end(5);
        await subject.flush();
        await subject.processor.shutdown({ timeoutMillis: 1 });
        const said = saidOf(server);
        // Spans that will be sent again cause no diagnostic.
        assert.ok(said.length > 0 || answer.status === 429 || answer.status === 503);
        assert.deepEqual(
          said.filter((message) => message.includes(SECRET)),
          [],
        );
      });
    }
  });
});

test('no pause is longer than half a minute, whatever all these servers asked for', () => {
  // At least as many pauses as answers that asked for one.
  assert.ok(delays.filter((millis) => millis >= 500).length > 20);
  assert.deepEqual(
    delays.filter((millis) => millis > LONGEST_PAUSE_MILLIS),
    [],
  );
});
