import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { type CollectorOptions, startCollector } from './collector.ts';
import { serializeWithOpenTelemetry } from './opentelemetry.ts';
import { expectedSpan, spanDescription } from './span-description.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const [description] = fc.sample(spanDescription(), { numRuns: 1, seed: 1 });
const bytes = serializeWithOpenTelemetry([description]);

test('spans sent as protobuf arrive, with headers and body', async (t) => {
  const collector = await started(t);
  const response = await post(collector.endpoint, bytes, { ...PROTOBUF, 'x-tenant': 'a' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/x-protobuf');
  assert.deepEqual(ProtobufTraceSerializer.deserializeResponse(await bodyOf(response)), {});
  assert.deepEqual(collector.spans(), [expectedSpan(description)]);
  const [request] = collector.requests;
  assert.equal(request.headers['x-tenant'], 'a');
  assert.deepEqual(request.body, new Uint8Array(bytes));
  assert.deepEqual(
    [request.method, request.path, request.status, request.problem],
    ['POST', '/v1/traces', 200, undefined],
  );
  await until(() => request.state === 'answered');
});

test('a compressed body is kept as sent and read uncompressed', async (t) => {
  const collector = await started(t);
  const body = new Uint8Array(gzipSync(bytes));
  await post(collector.endpoint, body, { ...PROTOBUF, 'content-encoding': 'gzip' });
  assert.deepEqual(collector.requests[0].body, body);
  assert.deepEqual(collector.requests[0].content, new Uint8Array(bytes));
  assert.equal(collector.spans().length, 1);
});

test('a JSON request is read as JSON and answered in JSON', async (t) => {
  const collector = await started(t, {
    answer: () => ({ partialSuccess: { rejectedSpans: 3, errorMessage: 'full' } }),
  });
  const response = await post(collector.endpoint, '{"resourceSpans":[]}', {
    'content-type': 'application/json; charset=utf-8',
  });
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.deepEqual(JsonTraceSerializer.deserializeResponse(await bodyOf(response)), {
    partialSuccess: { rejectedSpans: '3', errorMessage: 'full' },
  });
  assert.deepEqual(collector.requests[0].message, { resourceSpans: [] });
});

test('a partial success is answered in protobuf', async (t) => {
  const collector = await started(t, {
    answer: () => ({ partialSuccess: { rejectedSpans: 3, errorMessage: 'full' } }),
  });
  const response = await post(collector.endpoint, bytes, PROTOBUF);
  assert.deepEqual(ProtobufTraceSerializer.deserializeResponse(await bodyOf(response)), {
    partialSuccess: { rejectedSpans: 3, errorMessage: 'full' },
  });
});

test('pages of an allowed origin get CORS headers, in preflights and in answers', async (t) => {
  const cors = { allowedOrigins: ['https://app.example'], allowedHeaders: ['content-type'] };
  const collector = await started(t, { cors });
  const asking = (origin: string) => fetch(collector.endpoint, { method: 'OPTIONS', headers: { origin } });
  const allowed = await asking('https://app.example');
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type');
  assert.equal((await asking('https://other.example')).headers.get('access-control-allow-origin'), null);
  const { headers } = await post(collector.endpoint, bytes, { ...PROTOBUF, origin: 'https://app.example' });
  assert.equal(headers.get('access-control-allow-origin'), 'https://app.example');
  assert.deepEqual(
    collector.preflights.map(({ origin }) => origin),
    ['https://app.example', 'https://other.example'],
  );
  assert.equal(collector.requests.length, 1);
});

for (const [what, expected, request] of [
  ['a wrong path', 404, { path: '/v1/traces/v1/traces' }],
  ['a wrong method', 405, { method: 'PUT' }],
  ['an unknown content type', 415, { headers: { 'content-type': 'text/xml' } }],
  ['an unknown content encoding', 415, { headers: { ...PROTOBUF, 'content-encoding': 'br' } }],
  ['a body that is not gzip', 400, { headers: { ...PROTOBUF, 'content-encoding': 'gzip' } }],
  ['a body that ends early', 400, { body: bytes.slice(0, -1) }],
] as [string, number, { path?: string; method?: string; headers?: Record<string, string>; body?: Uint8Array }][]) {
  test(`${what} is refused with ${expected} and yields no spans`, async (t) => {
    const collector = await started(t);
    const { path = '/v1/traces', method = 'POST', headers = PROTOBUF, body = bytes } = request;
    const response = await fetch(collector.url + path, { method, headers, body: new Uint8Array(body) });
    assert.equal(response.status, expected);
    assert.equal(await response.text(), collector.requests[0].problem);
    assert.deepEqual(collector.spans(), []);
  });
}

test('status, headers and body come from the answer function, for each request', async (t) => {
  const collector = await started(t, {
    answer: ({ index }) => (index === 0 ? { status: 503, headers: { 'retry-after': '1' }, body: 'busy' } : undefined),
  });
  const busy = await post(collector.endpoint, bytes, PROTOBUF);
  assert.deepEqual([busy.status, busy.headers.get('retry-after'), await busy.text()], [503, '1', 'busy']);
  assert.deepEqual(collector.spans(), []);
  assert.equal((await post(collector.endpoint, bytes, PROTOBUF)).status, 200);
  assert.equal(collector.spans().length, 1);
  assert.deepEqual(
    collector.requests.map(({ status }) => status),
    [503, 200],
  );
});

test('spans() throws for an accepted request that could not be read', async (t) => {
  const collector = await started(t, { answer: () => ({ status: 200 }) });
  await post(collector.endpoint, bytes.slice(1), PROTOBUF);
  assert.throws(() => collector.spans(), /request 0 was answered with 200, but/);
});

test('requests are held as long as the test wants, and counted', async (t) => {
  let release = () => {};
  const released = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  const collector = await started(t, { answer: () => released });
  const held = [post(collector.endpoint, bytes, PROTOBUF), post(collector.endpoint, bytes, PROTOBUF)];
  const requests = await collector.received(2);
  assert.deepEqual(
    requests.map(({ state }) => state),
    ['open', 'open'],
  );
  release();
  await Promise.all((await Promise.all(held)).map(bodyOf));
  assert.equal(collector.peakConcurrency, 2);
  assert.equal(collector.connections, 2);
  assert.deepEqual(requests.map(({ connection }) => connection).sort(), [0, 1]);
});

test('sequential requests have a concurrency of one', async (t) => {
  const collector = await started(t, { answer: () => ({ delayMillis: 1 }) });
  for (let count = 0; count < 20; count++) await bodyOf(await post(collector.endpoint, bytes, PROTOBUF));
  assert.equal(collector.peakConcurrency, 1);
  assert.equal(collector.spans().length, 20);
});

test('a connection is reset, or cut within the body', async (t) => {
  const faults = ['reset', 'cut', 'cut'] as const;
  const collector = await started(t, {
    answer: ({ index }) => ({ fault: faults[index], body: index === 2 ? 'half' : undefined }),
  });
  await assert.rejects(post(collector.endpoint, bytes, PROTOBUF));
  for (const _ of [1, 2]) {
    const response = await post(collector.endpoint, bytes, PROTOBUF);
    assert.equal(response.status, 200);
    await assert.rejects(bodyOf(response));
  }
  await until(() => collector.requests.every(({ state }) => state === 'aborted'));
  assert.deepEqual(
    collector.requests.map(({ status }) => status),
    [undefined, 200, 200],
  );
});

test('a client that gives up is noticed', async (t) => {
  const collector = await started(t, { answer: () => ({ fault: 'silence' }) });
  const abort = new AbortController();
  const sent = fetch(collector.endpoint, {
    method: 'POST',
    headers: PROTOBUF,
    body: bytes.slice(),
    signal: abort.signal,
  });
  const [request] = await collector.received(1);
  abort.abort();
  await assert.rejects(sent);
  await until(() => request.state === 'aborted');
});

test('close ends every socket and the port can be used again', async (t) => {
  const collector = await started(t, {
    answer: ({ index }) => (index === 0 ? { delayMillis: 1e9 } : { fault: 'silence' }),
  });
  const held = [post(collector.endpoint, bytes, PROTOBUF), post(collector.endpoint, bytes, PROTOBUF)];
  const failures = Promise.all(held.map((sent) => assert.rejects(sent)));
  await collector.received(2);
  const third = assert.rejects(collector.received(3), /closed/);
  await Promise.all([collector.close(), collector.close()]);
  await Promise.all([failures, third]);
  await assert.rejects(post(collector.endpoint, bytes, PROTOBUF));
  const again = await started(t, { port: collector.port });
  assert.equal(again.endpoint, collector.endpoint);
  assert.equal((await post(again.endpoint, bytes, PROTOBUF)).status, 200);
});

async function started(t: { after(fn: () => Promise<void>): void }, options?: CollectorOptions) {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  return collector;
}

function post(url: string, body: Uint8Array | string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : new Uint8Array(body) });
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Waits for something that the server learns only through an event of its own. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
