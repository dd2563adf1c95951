import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Collector, startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { missing, programsFolder, RUNTIMES, type Runtime } from './runtime.ts';

// The numbers of OTLP.
const SERVER = 2;
const ERROR = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const headers = { traceparent: `00-${TRACE_ID}-${CALLER}-01`, 'content-type': 'application/json' };

// Only Express tells a listener which route matched.
const ROUTES: Readonly<Record<string, readonly [user: string, users: string, failure: string, stream: string]>> = {
  express: [' /users/:id', ' /users/', ' /fail', ' /stream'],
  koa: ['', '', '', ''],
  fastify: ['', '', '', ''],
};

for (const runtime of RUNTIMES) {
  for (const [name, [user, users, failure, stream]] of Object.entries(ROUTES)) {
    test(`${name} on ${runtime.name} is traced with one line`, { skip: missing(runtime) }, async (t) => {
      const { get, stop } = await started(t, runtime, name);

      const answered = await get('/users/7?token=s3cret', { headers });
      const { active } = (await answered.json()) as { active: string };
      const posted = await get('/users', { method: 'POST', headers, body: '{"name":"a"}' });
      assert.equal(await posted.text(), '{"name":"a"}');
      assert.equal((await get('/fail', { headers })).status, 500);
      assert.equal(await (await get('/stream', { headers })).text(), 'piece;'.repeat(3));
      assert.equal((await get('/nowhere', { headers })).status, 404);

      const spans = await stop();
      const [work, ...others] = spans.filter(({ name }) => name === 'work');
      assert.equal(others.length, 0);
      const requests = spans.filter(({ name }) => name !== 'work').sort(byStart);
      assert.deepEqual(
        requests.map(({ name, attributes }) => [name, attributes['http.response.status_code']]),
        [
          [`GET${user}`, 200n],
          [`POST${users}`, 200n],
          [`GET${failure}`, 500n],
          [`GET${stream}`, 200n],
          ['GET', 404n],
        ],
      );
      for (const { kind, traceId, parentSpanId, attributes } of requests) {
        assert.deepEqual([kind, traceId, parentSpanId], [SERVER, TRACE_ID, CALLER]);
        assert.equal(attributes['http.request.aborted'], undefined);
      }
      const [first, , failed, streamed, unknown] = requests;
      assert.deepEqual([active, work.parentSpanId], [first.spanId, first.spanId]);
      assert.deepEqual([first.attributes['url.path'], first.attributes['url.query']], ['/users/7', 'token=REDACTED']);
      assert.deepEqual([failed.attributes['error.type'], failed.status.code], ['500', ERROR]);
      assert.equal(unknown.attributes['error.type'], undefined);
      assert.ok(streamed.endTimeUnixNano - streamed.startTimeUnixNano >= 50_000_000n, 'the span ended before its body');
    });
  }
}

function byStart(one: DecodedSpan, other: DecodedSpan): number {
  return one.startTimeUnixNano < other.startTimeUnixNano ? -1 : 1;
}

interface Started {
  get(path: string, init: RequestInit): Promise<Response>;
  /** Ends the server, and returns the spans that have arrived by then. */
  stop(): Promise<DecodedSpan[]>;
}

async function started(t: TestContext, { name, command, args }: Runtime, framework: string): Promise<Started> {
  const collector: Collector = await startCollector();
  t.after(() => collector.close());
  const folder = programsFolder();
  const modules = fileURLToPath(new URL('package.json', import.meta.url));
  const child = spawn(command, [...args, `${folder}/frameworks.mjs`, framework, modules], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      // Otherwise, Express prints errors.
      NODE_ENV: 'test',
      TRACE_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  t.after(() => child.kill('SIGKILL'));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const [, found] = /ready (\d+)/.exec(text) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`${framework} did not start on ${name}`)));
  });
  return {
    get: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      return collector.spans();
    },
  };
}
