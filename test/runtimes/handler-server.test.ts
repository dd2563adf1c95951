import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { programsFolder, RUNTIMES, type Runtime } from './runtime.ts';

// The numbers of OTLP.
const SERVER = 2;
const ERROR = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };

for (const runtime of RUNTIMES.filter(({ name }) => name !== 'Node')) {
  describe(`a traced server of ${runtime.name}`, { concurrency: 2 }, () => {
    test('continues the trace of its caller, and sends when it ends', async (t) => {
      const { get, stop } = await started(t, runtime);
      const response = await get('/hello', { headers: PARENT });
      const { active, found } = (await response.json()) as { active: string; found: string };
      const [work, span] = await stop();
      assert.deepEqual([span.name, span.kind, span.traceId], ['GET', SERVER, TRACE_ID]);
      assert.deepEqual([active, found, work.parentSpanId], [span.spanId, span.spanId, span.spanId]);
      assert.equal(span.attributes['client.address'], '127.0.0.1');
      assert.equal(span.resource.attributes['service.name'], 'a-server');
    });

    test('times streams until their end', async (t) => {
      const { get, stop } = await started(t, runtime);
      assert.equal(await (await get('/stream')).text(), 'piece;'.repeat(5));
      const spans = await stop();
      const [span] = spans.filter(({ name }) => name === 'GET');
      const pieces = spans.filter(({ name }) => name === 'piece');
      assert.equal(pieces.length, 5);
      for (const piece of pieces) {
        assert.equal(piece.parentSpanId, span.spanId);
        assert.ok(span.endTimeUnixNano >= piece.endTimeUnixNano, 'the span ended before its body');
      }
      assert.equal(span.attributes['error.type'], undefined);
    });

    test('passes responses on unchanged', async (t) => {
      const { get, stop } = await started(t, runtime);
      const text = await get('/text');
      assert.match(text.headers.get('content-type') ?? '', /^text\/plain; ?charset=utf-8$/i);
      assert.deepEqual([text.headers.get('content-length'), await text.text()], ['4', 'text']);
      const json = await get('/json');
      assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual([json.status, json.headers.getSetCookie(), await json.json()], [201, ['a=1', 'b=2'], { a: 1 }]);
      const large = await get('/large');
      assert.deepEqual([large.headers.get('content-length'), (await large.text()).length], ['200000', 200_000]);
      const head = await get('/text', { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.get('content-length')], [200, '4']);
      const spans = await stop();
      assert.deepEqual(
        spans.map(({ name, attributes }) => [name, attributes['http.response.status_code'], attributes['error.type']]),
        [
          ['GET', 200n, undefined],
          ['GET', 201n, undefined],
          ['GET', 200n, undefined],
          ['HEAD', 200n, undefined],
        ],
      );
    });

    test('passes errors to the server', async (t) => {
      const { get, stop } = await started(t, runtime);
      const response = await get('/throw');
      assert.deepEqual([response.status, await response.text()], [500, 'failed']);
      // By then, the server has added its exit listener.
      await (await get('/hello')).text();
      const [{ status, attributes }] = await stop();
      assert.deepEqual([status, attributes['error.type']], [{ code: ERROR, message: 'no such room' }, 'RangeError']);
    });

    test('records that a client has disconnected', async (t) => {
      const { get, stop } = await started(t, runtime);
      const aborting = new AbortController();
      const response = await get('/endless', { signal: aborting.signal });
      await (response.body as ReadableStream).getReader().read();
      aborting.abort();
      // Another request gives the server time to notice.
      await (await get('/hello')).text();
      await delay(200);
      const spans = await stop();
      const [{ attributes }] = spans.filter((span) => span.attributes['url.path'] === '/endless');
      assert.equal(attributes['error.type'], 'client_disconnected');
    });

    test('upgrades connections', async (t) => {
      const { url, stop } = await started(t, runtime);
      const socket = new (await webSocketClass())(`${url.replace('http', 'ws')}/socket`);
      const answer = new Promise((resolve, reject) => {
        socket.addEventListener('open', () => socket.send('hello'));
        socket.addEventListener('message', (event: { data: unknown }) => resolve(event.data));
        socket.addEventListener('error', reject);
      });
      assert.equal(String(await answer), 'hello');
      socket.close();
      const [{ attributes, status }] = await stop();
      assert.deepEqual([attributes['http.response.status_code'], status.code], [101n, 0]);
    });
  });
}

interface Started {
  readonly url: string;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Ends the server, and returns the spans that have arrived by then. */
  stop(): Promise<DecodedSpan[]>;
}

async function started(t: TestContext, { name, command, args }: Runtime): Promise<Started> {
  const collector = await startCollector();
  t.after(() => collector.close());
  const folder = programsFolder();
  const child = spawn(command, [...args, `${folder}/handler-server.mjs`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      TRACE_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'a-server',
    },
  });
  t.after(() => child.kill('SIGKILL'));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const [, found] = /ready (\d+)/.exec(text) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`${name} did not start`)));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    get: (path, init) => fetch(`${url}${path}`, init),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      return collector.spans();
    },
  };
}

/** The WebSocket class; that of undici, since Node 20 has none. */
async function webSocketClass(): Promise<typeof WebSocket> {
  return ((await import('undici')) as unknown as { WebSocket: typeof WebSocket }).WebSocket;
}
