import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Collector, type CollectorOptions, startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { FLAGS, kCurrentWorker, startWorker, type Worker, type WorkerSocket } from './worker.ts';

// The numbers of OTLP.
const SERVER = 2;
const CLIENT = 3;
const CONSUMER = 5;
const ERROR = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };

for (const flags of [...FLAGS, ['nodejs_als', 'enable_request_signal']]) {
  const hasContext = flags.length > 0;

  describe(`a traced Worker, ${flags.join(' and ') || 'without flags'},`, { concurrency: 2 }, () => {
    test('is initialized from its bindings, and continues the trace of its caller', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/hello?token=s3cret', { headers: PARENT });
      const { active, found } = (await response.json()) as { active: string; found: string };
      const [work, span] = await spansOf(collector, 2);
      assert.deepEqual([span.name, span.kind, span.traceId], ['GET', SERVER, TRACE_ID]);
      assert.equal(span.parentSpanId, PARENT.traceparent.slice(36, 52));
      assert.equal(span.resource.attributes['service.name'], 'a-worker');
      assert.equal(span.attributes['http.response.status_code'], 200n);
      assert.equal(span.attributes['url.query'], 'token=REDACTED');
      assert.deepEqual([work.name, work.parentSpanId, found], ['work', span.spanId, span.spanId]);
      assert.equal(active, hasContext ? span.spanId : '');
      assert.equal(await (await get('/ignored')).text(), 'well');
    });

    test('answers before the collector does', async (t) => {
      let release = () => {};
      const released = new Promise<undefined>((resolve) => {
        release = () => resolve(undefined);
      });
      const { collector, get } = await started(t, flags, { answer: () => released });
      assert.equal((await get('/hello')).status, 200);
      await collector.received(1);
      assert.equal((await get('/hello')).status, 200);
      release();
      await spansOf(collector, 4);
    });

    test('sends its spans again, after the last event', async (t) => {
      const { collector, get } = await started(t, flags, {
        answer: ({ index }) => (index < 2 ? { status: 503 } : undefined),
      });
      await get('/hello');
      await spansOf(collector, 2);
      assert.equal(collector.requests.length, 3);
    });

    test('times a stream until its end', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/stream');
      assert.equal(await response.text(), 'piece;'.repeat(5));
      const spans = await spansOf(collector, 6);
      const span = named(spans, 'GET');
      const pieces = spans.filter(({ name }) => name === 'piece');
      assert.equal(pieces.length, 5);
      for (const piece of pieces) {
        assert.ok(span.endTimeUnixNano >= piece.endTimeUnixNano, 'the span ended before its body');
        if (hasContext) assert.equal(piece.parentSpanId, span.spanId);
      }
      assert.equal(span.attributes['error.type'], undefined);
    });

    test('sends what ends in the background, after the response', async (t) => {
      const { collector, get } = await started(t, flags);
      assert.equal(await (await get('/background')).text(), 'at once');
      const spans = await spansOf(collector, 2);
      assert.equal(named(spans, 'background').parentSpanId, named(spans, 'GET').spanId);
    });

    test('passes responses on unchanged', async (t) => {
      const { collector, get } = await started(t, flags);
      const teapot = await get('/teapot');
      assert.deepEqual([teapot.status, await teapot.text()], [418, 'short']);
      assert.equal(teapot.headers.get('content-length'), '5');
      assert.deepEqual(teapot.headers.getSetCookie(), ['a=1', 'b=2']);
      const large = await get('/large');
      assert.equal(large.headers.get('content-length'), '200000');
      assert.equal((await large.text()).length, 200_000);
      const redirect = await get('/redirect', { redirect: 'manual' });
      assert.equal(redirect.status, 302);
      const spans = await spansOf(collector, 3);
      assert.deepEqual(
        spans.map(({ attributes, status }) => [attributes['http.response.status_code'], status.code]),
        [
          [418n, 0],
          [200n, 0],
          [302n, 0],
        ],
      );
    });

    test('passes on every kind of stream on Workers', async (t) => {
      const { collector, get } = await started(t, flags);
      const paths = [
        'fixed',
        'piped',
        'through',
        'identity',
        'cloned',
        'cloned-fixed',
        'cloned-proxy',
        'tee',
        'blob',
        'cached',
      ];
      for (const path of paths) {
        const response = await get(`/body/${path}`);
        const { byteLength } = await response.arrayBuffer();
        assert.equal(byteLength, /piped|proxy/.test(path) ? 300_000 : 200_000, path);
        const said = response.headers.get('content-length');
        if (path !== 'identity') assert.equal(said, String(byteLength), path);
      }
      const spans = await spansOf(collector, paths.length);
      for (const { attributes, status } of spans) {
        assert.deepEqual([attributes['error.type'], status.code], [undefined, 0], String(attributes['url.path']));
      }
    });

    test('records errors, and fails as without tracing', async (t) => {
      const { collector, get } = await started(t, flags);
      const types: [path: string, type: string][] = [
        ['/throw', 'RangeError'],
        ['/reject', 'RangeError'],
        ['/used', 'body_used'],
        ['/nothing', 'no_response'],
      ];
      for (const [path] of types) {
        const response = await get(path);
        assert.equal(response.status, 500, path);
        await response.text();
      }
      const spans = await spansOf(collector, 4);
      assert.deepEqual(
        spans.map(({ attributes, status }) => [attributes['url.path'], attributes['error.type'], status.code]),
        types.map(([path, type]) => [path, type, ERROR]),
      );
    });

    test('records that a stream broke off', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/broken');
      // Some versions do not tell the client.
      await response.text().catch(() => '');
      const [span] = await spansOf(collector, 1);
      assert.deepEqual([span.attributes['error.type'], span.status.code], ['RangeError', ERROR]);
    });

    test('passes on a compressed response as it came, and ends its span with the headers', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/compressed');
      assert.equal(response.headers.get('content-encoding'), 'gzip');
      assert.equal(response.headers.get('content-length'), String(gzipSync(Buffer.alloc(300_000, 'x')).length));
      assert.equal((await response.text()).length, 300_000);
      const [span] = await spansOf(collector, 1);
      assert.equal(span.attributes['http.response.status_code'], 200n);
    });

    test('passes on the response of another server', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/proxy', { headers: PARENT });
      assert.equal(response.headers.get('content-length'), '300000');
      assert.equal((await response.text()).length, 300_000);
      const spans = await spansOf(collector, 2);
      const [server] = spans.filter(({ kind }) => kind === SERVER);
      const [client] = spans.filter(({ kind }) => kind === CLIENT);
      if (hasContext) assert.equal(client.parentSpanId, server.spanId);
      assert.equal(server.traceId, TRACE_ID);
    });

    test('answers many concurrent requests, and sends them together', async (t) => {
      const { collector, get } = await started(t, flags);
      const answers = await Promise.all(
        Array.from({ length: 30 }, async () => {
          const response = await get('/hello');
          return (await response.json()) as { active: string; found: string };
        }),
      );
      const spans = (await spansOf(collector, 60)).filter(({ name }) => name === 'GET');
      assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 30);
      assert.deepEqual(answers.map(({ found }) => found).sort(), spans.map(({ spanId }) => spanId).sort());
      if (hasContext) for (const { active, found } of answers) assert.equal(active, found);
      assert.ok(collector.requests.length < 30, `${collector.requests.length} requests`);
    });

    test('continues after a client cancels its request, during the body or before', async (t) => {
      const { collector, get } = await started(t, flags);
      for (const path of ['/stream', '/slow']) {
        const aborting = new AbortController();
        const response = get(path, { signal: aborting.signal });
        if (path === '/stream') await ((await response).body as ReadableStream).getReader().read();
        else await delay(100);
        aborting.abort();
        await response.catch(() => {});
        assert.equal((await get('/hello')).status, 200);
      }
      const spans = () => collector.spans().filter(({ name }) => name === 'GET');
      while (spans().length < 4) await delay(10);
      const aborted = spans().filter(({ attributes }) => attributes['error.type'] === 'client_disconnected');
      assert.ok(
        aborted.some(({ attributes }) => attributes['url.path'] === '/stream'),
        'the stream is not known to be cancelled',
      );
    });

    test('lets the runtime end a hanging handler, and sends its span with the next event', async (t) => {
      const { collector, get } = await started(t, flags);
      const response = await get('/never');
      assert.equal(response.status, 500);
      await response.text();
      await delay(1_100);
      await (await get('/hello')).text();
      const spans = await spansOf(collector, 3);
      const [{ attributes, status }] = spans.filter((span) => span.attributes['url.path'] === '/never');
      assert.deepEqual([attributes['error.type'], status.code], ['timeout', ERROR]);
    });

    test('traces cron triggers and queues', async (t) => {
      const { collector, worker } = await started(t, flags);
      const events = await worker.getWorker();
      await events.scheduled({ scheduledTime: new Date(Date.UTC(2026, 0, 2)), cron: '*/5 * * * *' });
      const [job, scheduled] = await spansOf(collector, 2);
      assert.deepEqual([scheduled.name, scheduled.kind], ['scheduled */5 * * * *', SERVER]);
      assert.deepEqual(scheduled.attributes, {
        'faas.trigger': 'timer',
        'faas.cron': '*/5 * * * *',
        'faas.time': '2026-01-02T00:00:00.000Z',
      });
      assert.equal(job.name, 'job');
      const message = (id: string, body: object) => ({ id, timestamp: new Date(), attempts: 1, body });
      await events.queue('jobs', [message('1', { trace: PARENT }), message('2', {})]);
      await events.queue('jobs', [message('3', { fail: true })]).catch(() => {});
      const [, , done, failed] = await spansOf(collector, 4);
      assert.deepEqual(
        [done.name, done.kind, done.attributes['messaging.batch.message_count']],
        ['process jobs', CONSUMER, 2n],
      );
      assert.deepEqual(
        done.links.map(({ traceId }) => traceId),
        [TRACE_ID],
      );
      assert.deepEqual(
        [failed.status, failed.attributes['error.type']],
        [{ code: ERROR, message: 'no such job' }, 'RangeError'],
      );
    });

    test('traces the requests, alarms and messages of a Durable Object', async (t) => {
      const { collector, worker, get } = await started(t, flags);
      assert.equal(await (await get('/room/alarm')).text(), 'set');
      const [alarm] = [named(await spansOf(collector, 4), 'alarm')];
      assert.equal(alarm.attributes['faas.trigger'], 'timer');
      const { webSocket, status } = await worker.dispatchFetch('http://worker/room', {
        headers: { upgrade: 'websocket' },
      });
      assert.equal(status, 101);
      const socket = webSocket as WorkerSocket;
      const answer = new Promise((resolve) => {
        socket.addEventListener('message', ({ data }) => resolve(data));
      });
      socket.accept();
      socket.send('hello');
      assert.equal(await answer, 'hello');
      socket.close(1000, 'bye');
      const spans = await spansOf(collector, 9);
      const received = named(spans, 'connection.message.receive');
      assert.equal(received.attributes['message.size'], 5n);
      if (hasContext) assert.equal(named(spans, 'answer').parentSpanId, received.spanId);
      // Its methods can be called through a stub, and are not traced.
      assert.deepEqual(await (await get('/count')).json(), [1, 3]);
      assert.equal(named(spans, 'connection.closed').attributes['connection.close_code'], 1000n);
      const upgraded = spans.filter(({ attributes }) => attributes['http.response.status_code'] === 101n);
      assert.deepEqual(
        upgraded.map(({ attributes }) => attributes['url.path']),
        ['/room', '/room'],
      );
    });

    test('traces classes that extend a traced one, and entrypoints', async (t) => {
      const { collector, get } = await started(t, flags);
      assert.deepEqual(await (await get('/lobby', { headers: PARENT })).json(), { name: 'a-name', isOwn: true });
      assert.equal(await (await get('/entry', { headers: PARENT })).text(), 'a-name');
      const spans = await spansOf(collector, 4);
      assert.deepEqual(
        spans.map(({ name, kind, traceId }) => [name, kind, traceId]),
        Array(4).fill(['GET', SERVER, TRACE_ID]),
      );
    });
  });
}

interface Started {
  readonly collector: Collector;
  readonly worker: Worker;
  /** Sends it a request, without Miniflare in between. */
  get(path: string, init?: RequestInit): Promise<Response>;
}

async function started(
  t: TestContext,
  compatibilityFlags: readonly string[],
  options?: CollectorOptions,
): Promise<Started> {
  const collector = await startCollector(options);
  const upstream = createServer(({ url }, response) => {
    const body = Buffer.alloc(300_000, 'x');
    const isCompressed = url === '/compressed';
    const sent = isCompressed ? gzipSync(body) : body;
    const encoding = isCompressed ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(200, { 'content-length': sent.length, ...encoding }).end(sent);
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(async () => {
    upstream.closeAllConnections();
    upstream.close();
    await collector.close();
  });
  const worker = await startWorker(t, 'handler.mjs', {
    compatibilityFlags,
    durableObjects: { ROOM: 'Room', LOBBY: 'Lobby' },
    serviceBindings: { ENTRY: { name: kCurrentWorker, entrypoint: 'Entry' } },
    queueConsumers: ['jobs'],
    bindings: {
      TRACE_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'a-worker',
      NAME: 'a-name',
      UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`,
    },
  });
  const url = await worker.unsafeGetDirectURL();
  return { collector, worker, get: (path, init) => fetch(new URL(path, url), init) };
}

/** Returns the spans, once this many have arrived. */
async function spansOf(collector: Collector, count: number): Promise<DecodedSpan[]> {
  while (collector.spans().length < count) await delay(10);
  assert.equal(collector.spans().length, count);
  return collector.spans();
}

function named(spans: readonly DecodedSpan[], name: string): DecodedSpan {
  const [span] = spans.filter((each) => each.name === name);
  assert.ok(span, `there is no ${name} among ${spans.map((each) => each.name)}`);
  return span;
}
