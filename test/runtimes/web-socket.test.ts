import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { type Page, servePages, startChromium } from './chromium.ts';
import { programsFolder, RUNTIMES } from './runtime.ts';

/** The part of Miniflare's types that is used. The real ones exist only if this folder is installed. */
interface Worker {
  dispatchFetch(url: string, init: object): Promise<{ webSocket: WorkerSocket }>;
  dispose(): Promise<void>;
}

interface WorkerSocket extends EventTarget {
  accept(): void;
  send(data: string | ArrayBuffer): void;
  close(code: number, reason: string): void;
}

const { Miniflare } = (await import('miniflare' as string)) as { Miniflare: new (options: object) => Worker };

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

for (const runtime of RUNTIMES.filter(({ name }) => name !== 'Node')) {
  test(`${runtime.name}’s sockets are traced on both sides, in one trace`, async (t) => {
    const collector = await started(t);
    const args = [...runtime.args, `${programsFolder()}/sockets.mjs`, collector.url];
    const { code, stderr } = await run(runtime.command, args, programsFolder());
    assert.equal(code, 0, stderr);
    const spans = collector.spans();
    const call = spans.find(({ name }) => name === 'call');
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    assertAnswering(spans, call?.spanId);
    const client = of(spans, 'client');
    assert.deepEqual(
      client
        .filter(({ name }) => name.includes('message'))
        .map(({ name, attributes }) => [name.slice(19), attributes['message.size']]),
      [
        ['send', 11n],
        ['receive', 11n],
        ['send', 320n],
        ['receive', 320n],
      ],
    );
    assert.deepEqual(parentNames(spans, 'heard'), ['connection.message.receive', 'connection.message.receive']);
    assert.deepEqual(states(client), ['connecting open', 'open closing', 'closing closed']);
  });
}

for (const flags of [[], ['nodejs_als']]) {
  test(`a Worker’s socket is traced, ${flags[0] ?? 'without flags'}`, async (t) => {
    const collector = await started(t);
    const { outputFiles } = await build({
      entryPoints: [`${programsFolder()}/socket-worker.mjs`],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      conditions: ['workerd'],
      external: ['node:async_hooks'],
      absWorkingDir: programsFolder(),
      write: false,
    });
    const worker = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
      compatibilityDate: '2024-09-01',
      compatibilityFlags: flags,
      bindings: { endpoint: collector.url },
    });
    t.after(() => worker.dispose());
    const { webSocket } = await worker.dispatchFetch(`http://worker/?traceparent=${traceparent}`, {
      headers: { upgrade: 'websocket' },
    });
    webSocket.accept();
    for (const data of ['grüß dich', new ArrayBuffer(320)]) {
      const heard = once(webSocket, 'message');
      webSocket.send(data);
      await heard;
    }
    webSocket.close(1000, 'done');
    await collector.received(1);
    assertAnswering(collector.requests[0].spans, '00f067aa0ba902b7');
  });
}

test('a page’s socket is traced, and its server finds the trace in the URL and in the subprotocols', async (t) => {
  const chromium = await startChromium();
  t.after(() => chromium.close());
  const pages = await servePages();
  t.after(() => pages.close());
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  await once(server, 'listening');
  const upgrades: string[] = [];
  server.on('connection', (socket, { url, headers }) => {
    upgrades.push(`${url} ${headers['sec-websocket-protocol']} ${socket.protocol}`);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const page: Page = await chromium.newPage();
  await page.goto(pages.url);
  const [spans, errors] = await page.evaluate(inPage, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/voice`);

  assert.deepEqual(upgrades, [
    `/voice?traceparent=${spans[0].traceparent} voice, traceparent-${spans[0].traceparent} voice`,
  ]);
  assert.deepEqual(errors, ['not understood']);
  const named = new Map(spans.map(({ id, name }) => [id, name]));
  assert.deepEqual(
    spans.slice(1).map(({ name, parent, size }) => [name, named.get(parent), size]),
    [
      ['connection.created', 'call', undefined],
      ['connection.state_change', 'call', undefined],
      ['connection.message.send', 'call', 11],
      ['heard', 'connection.message.receive', undefined],
      ['connection.message.receive', 'call', 11],
      ['connection.message.send', 'call', 320],
      ['heard', 'connection.message.receive', undefined],
      ['connection.message.receive', 'call', 320],
      ['connection.state_change', 'call', undefined],
      ['connection.state_change', 'call', undefined],
      ['connection.closed', 'call', undefined],
    ],
  );
});

/** Makes a call in a page that throws for the first message. Returns its spans in the order of their end. */
async function inPage(url: string) {
  const exporter = new trace.InMemorySpanExporter();
  trace.initialize({ exporterType: 'none', spanProcessors: [new trace.SimpleSpanProcessor(exporter)] });
  const call = trace.startSpan('call');
  const context = trace.contextWithSpan(call);
  const carrier: { traceparent?: string } = {};
  trace.inject(carrier, { context });
  const errors: string[] = [];
  addEventListener('error', (event) => {
    errors.push(event.error.message);
    event.preventDefault();
  });
  const socket = new WebSocket(trace.upgradeUrl(url, { context }), trace.upgradeProtocols('voice', { context }));
  trace.traceWebSocket(socket, { parent: call });
  socket.binaryType = 'arraybuffer';
  // Wait until all listeners have been called: in a page, promise callbacks run between them.
  const event = (type: string) =>
    new Promise((resolve) => socket.addEventListener(type, () => setTimeout(resolve), { once: true }));
  await event('open');
  socket.onmessage = ({ data }) => {
    trace.startSpan('heard').end();
    if (typeof data === 'string') throw new Error('not understood');
  };
  for (const data of ['grüß dich', new Uint8Array(320)]) {
    const heard = event('message');
    call.run(() => socket.send(data));
    await heard;
  }
  const closed = event('close');
  socket.close(1000, 'done');
  await closed;
  call.end();
  await trace.forceFlush();
  const spans = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? '',
    size: span.attributes['message.size'] as number | undefined,
    traceparent: '',
  }));
  const own = spans.splice(-1)[0];
  return [[{ ...own, traceparent: carrier.traceparent ?? '' }, ...spans], errors] as const;
}

/** Returns the spans of a server that echoes a text of 11 bytes, and 320 bytes. */
function assertAnswering(spans: readonly DecodedSpan[], parentSpanId: string | undefined): void {
  const server = of(spans, 'server');
  assert.deepEqual(
    server
      .filter(({ name }) => !name.includes('state_change'))
      .map(({ name, attributes }) => [name, attributes['message.size']]),
    [
      ['connection.created', undefined],
      ['connection.message.send', 11n],
      ['connection.message.receive', 11n],
      ['connection.message.send', 320n],
      ['connection.message.receive', 320n],
      ['connection.closed', undefined],
    ],
  );
  assert.equal(server[0].parentSpanId, parentSpanId);
  assert.deepEqual(parentNames(spans, 'answer'), ['connection.message.receive', 'connection.message.receive']);
  const { attributes } = server.at(-1) as DecodedSpan;
  assert.deepEqual(
    ['close_code', 'close_reason', 'was_clean', 'sent_count', 'sent_size', 'received_count', 'received_size'].map(
      (name) => attributes[`connection.${name}`],
    ),
    [1000n, 'done', true, 2n, 331n, 2n, 331n],
  );
  assert.equal(states(server).at(-1)?.split(' ')[1], 'closed');
}

function of(spans: readonly DecodedSpan[], id: string): DecodedSpan[] {
  return spans.filter(({ attributes }) => attributes['connection.id'] === id);
}

/** Returns the old and the new state of each change. */
function states(spans: readonly DecodedSpan[]): string[] {
  return spans
    .filter(({ name }) => name === 'connection.state_change')
    .map(({ attributes }) => `${attributes['connection.old_state']} ${attributes['connection.state']}`);
}

/** Returns the names of the parents of all spans with this name. */
function parentNames(spans: readonly DecodedSpan[], name: string): (string | undefined)[] {
  const named = new Map(spans.map((span) => [span.spanId, span.name]));
  return spans.filter((span) => span.name === name).map(({ parentSpanId }) => named.get(parentSpanId));
}

async function started(t: TestContext) {
  const collector = await startCollector();
  t.after(() => collector.close());
  return collector;
}
