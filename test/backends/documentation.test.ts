import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { contextWithSpan, type Span, SpanKind, TracerProvider } from '../../src/index.ts';
import { readDocument } from '../docs/markdown.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { createAuthority } from '../platform/authority.ts';
import { Application } from './application.ts';
import { programOf, skipWithout } from './backend.ts';
import { startCollector } from './collector.ts';
import { type Addresses, exporterFor, PROTOCOLS, type SendingOptions } from './protocol.ts';
import { freePorts, type Server, startServer } from './server.ts';
import { startZipkin } from './zipkin.ts';

const { blocks } = readDocument(new URL('../../', import.meta.url), 'docs/backends.md');
const yaml = blocks.filter(({ language }) => language === 'yaml');
const configurations = new Map(
  yaml.filter(({ marker }) => marker.startsWith('collector')).map(({ marker, code }) => [marker, code]),
);
// AWS's exporter is not a public module, so its settings cannot be checked here.
const accounts = yaml.filter(({ marker, code }) => marker.startsWith('not run') && !code.includes('awsxray'));

const authority = createAuthority();
const server = authority.issue();
const client = authority.issue();
const TOKEN = 'the-token-of-the-guide';
const FILES = { 'collector.pem': server.cert, 'collector.key': server.key, 'authority.pem': authority.cert };

/** Blocks whose exporter does not speak OTLP. They have tests of their own. */
const TRANSLATIONS = ['collector: zipkin', 'collector: azure'];

// What an application has to set in addition for a Collector with these settings.
const SETTINGS: Record<string, SendingOptions> = {
  collector: {},
  'collector: certificates': { tls: { ca: authority.cert, ...client } },
  'collector: token': { headers: async () => ({ authorization: `Bearer ${TOKEN}` }) },
  'collector: sizes': {},
  'collector: pages': { headers: { origin: 'https://app.example', authorization: 'Bearer any' } },
};

describe('the configurations in the guide', { skip: skipWithout('collector') }, () => {
  test('are all tested', () => {
    assert.deepEqual([...configurations.keys()], [...Object.keys(SETTINGS), ...TRANSLATIONS]);
  });

  for (const [name, sending] of Object.entries(SETTINGS)) {
    for (const protocol of PROTOCOLS) {
      test(`over ${protocol}: spans go through “${name}” to the backend behind it`, async (t) => {
        const log = diagnosticLog(t);
        const behind = await startCollector();
        t.after(() => behind.remove());
        const shown = await startAsShown(t, name, { jaeger: behind.grpcAddress });
        const application = new Application(protocol, { ...behind, ...shown }, sending);
        application.end(2_000, { text: 'x'.repeat(1_000) });
        const { acknowledged } = await application.settle();
        assert.deepEqual([acknowledged, log], [2_000, []]);
        // The Collector forwards acknowledged spans with a delay, but all of them before it ends.
        await shown.end();
        const { missing, repeated } = await application.account();
        assert.deepEqual([missing, repeated], [0, 0]);
      });
    }
  }
});

describe('what the guide says about other backends', { skip: skipWithout('collector') }, () => {
  test('spans go through “collector: zipkin” to Zipkin', { skip: skipWithout('zipkin') }, async (t) => {
    const zipkin = await startZipkin();
    t.after(() => zipkin.end());
    const shown = await startAsShown(t, 'collector: zipkin', { zipkin: zipkin.address });
    const { spans } = await sendTrace(shown);
    const found = await zipkin.trace(spans[0].spanContext().traceId, spans.length);
    const told = found.map(({ name, kind, parentId, localEndpoint, tags, annotations = [] }) => [
      name,
      kind,
      found.find(({ id }) => id === parentId)?.name,
      localEndpoint?.serviceName,
      tags?.['llm.model'],
      annotations.map(({ value }) => value),
    ]);
    // Zipkin lowercases names.
    const expected = [
      ['get /talk', 'SERVER', undefined, 'voice-agent', undefined, []],
      ['llm.request', undefined, 'get /talk', 'voice-agent', 'echo-1', ['llm.first_token']],
    ];
    assert.deepEqual(told.sort(), expected);
  });

  test('spans go through “collector: azure” to a stand-in for Azure Monitor', async (t) => {
    const bodies: string[] = [];
    const ingestion = createServer((req, res) => {
      const body = req.headers['content-encoding'] === 'gzip' ? req.pipe(createGunzip()) : req;
      text(body).then((sent) => {
        bodies.push(`${req.url} ${sent}`);
        const count = sent.trim().split('\n').length;
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ itemsReceived: count, itemsAccepted: count, errors: [] }));
      });
    }).listen(0, '127.0.0.1');
    await once(ingestion, 'listening');
    t.after(() => ingestion.close());
    const { port } = ingestion.address() as AddressInfo;
    const shown = await startAsShown(
      t,
      'collector: azure',
      {},
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${randomUUID()};IngestionEndpoint=http://127.0.0.1:${port}/`,
      },
    );
    const { spans } = await sendTrace(shown);
    // The exporter sends with a delay, and drops what it holds when it ends.
    const end = Date.now() + 20_000;
    while (!bodies.join('').includes('llm.request') && Date.now() < end) await delay(100);
    const sent = bodies.join('\n');
    assert.match(sent, /^\/v2(\.1)?\/track /);
    for (const part of [spans[0].spanContext().traceId, 'GET /talk', 'llm.request', 'llm.first_token', 'echo-1']) {
      assert.ok(sent.includes(part), `${part} is not in\n${sent}`);
    }
  });

  for (const { line, code } of accounts) {
    test(`the Collector accepts the configuration in line ${line}`, () => {
      const config = [...parts('collector'), code].flatMap((part) => ['--config', `yaml:${part}`]);
      const { status, stderr } = spawnSync(programOf('collector'), ['validate', ...config], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});

/** Sends a trace of two spans over gRPC. Returns once they have been accepted. */
async function sendTrace({ grpcAddress }: Addresses): Promise<{ spans: readonly Span[] }> {
  const exporter = exporterFor('gRPC', { grpcAddress, httpAddress: '' });
  const provider = new TracerProvider({
    resource: { attributes: { 'service.name': 'voice-agent' } },
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('test');
  const request = tracer.startSpan('GET /talk', { kind: SpanKind.SERVER });
  const attributes = { 'llm.model': 'echo-1' };
  const answer = tracer.startSpan('llm.request', { attributes }, contextWithSpan(request));
  answer.addEvent('llm.first_token');
  answer.end();
  request.end();
  const { exported } = await provider.forceFlush();
  assert.equal(exported, 2);
  await provider.shutdown();
  return { spans: [request, answer] };
}

/** Returns the guide's base configuration and the block that continues it. */
function parts(name: string): string[] {
  return [...new Set(['collector', name])].map(
    (part) => configurations.get(part) ?? assert.fail(`the guide has no block “${part}”`),
  );
}

/**
 * Starts a Collector with a configuration of the guide, but with addresses and files of this machine.
 *
 * @param behind - The addresses of what the guide calls `jaeger` and `zipkin`.
 */
async function startAsShown(
  t: TestContext,
  name: string,
  behind: { readonly jaeger?: string; readonly zipkin?: string },
  variables: NodeJS.ProcessEnv = {},
): Promise<Addresses & Server> {
  const folder = mkdtempSync(join(tmpdir(), 'trace-guide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [file, content] of Object.entries(FILES)) writeFileSync(join(folder, file), content);
  const [grpcAddress, httpAddress] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const args = parts(name).flatMap((shown, at) => {
    const file = join(folder, `${at}.yaml`);
    const local = shown
      .replace('0.0.0.0:4317', grpcAddress)
      .replace('0.0.0.0:4318', httpAddress)
      .replace('jaeger:4317', behind.jaeger ?? 'jaeger:4317')
      .replace('zipkin:9411', behind.zipkin ?? 'zipkin:9411')
      .replaceAll('/etc/otelcol/', `${folder}/`);
    writeFileSync(file, local);
    return ['--config', file];
  });
  // The metrics endpoint would listen on a port of its own.
  args.push('--config', 'yaml:service::telemetry::metrics::level: none');
  const collector = await startServer(programOf('collector'), args, { COLLECTOR_TOKEN: TOKEN, ...variables });
  t.after(() => collector.end('SIGKILL'));
  return { ...collector, grpcAddress, httpAddress };
}
