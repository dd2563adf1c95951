import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { Agent, type Dispatcher, ProxyAgent, fetch as undiciFetch } from 'undici';
import { TracerProvider } from '../../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { type Collector, type CollectorOptions, startCollector } from '../../oracle/collector.ts';
import { startProxy } from '../../oracle/proxy.ts';
import { createAuthority } from '../../platform/authority.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

const authority = createAuthority();
const { cert: ca } = authority;

describe('a user’s own fetch carries the requests', () => {
  test('with an agent of its own', async (t) => {
    const collector = await started(t);
    let connected = 0;
    const dispatcher = new Agent({ connections: 1 });
    dispatcher.on('connect', () => connected++);
    const processor = processorFor(t, collector.endpoint, dispatcher);
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');

    tracer.startSpan('first').end();
    await processor.forceFlush();
    tracer.startSpan('second').end();
    const result = await processor.shutdown();

    assert.deepEqual(result, { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(
      collector.spans().map(({ name }) => name),
      ['first', 'second'],
    );
    // The body of the first answer was read to its end. Otherwise, the connection could not be reused.
    assert.equal(connected, 1);
  });

  test('that ignores its signal is given up anyway', async (t) => {
    diagnosticLog(t);
    let calls = 0;
    const exporter = new OtlpHttpExporter({
      timeoutMillis: 50,
      fetch: () => {
        calls++;
        return new Promise(() => {});
      },
    });
    const processor = new BatchSpanProcessor(exporter);
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    tracer.startSpan('first').end();
    // The request is sent again, as after every time-out.
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    assert.deepEqual(await hurried(processor), { exported: 0, pending: 0, dropped: 1 });
    assert.deepEqual([calls, balanced(processor).unknown], [3, 1]);
  });

  test('with TLS settings that the exporter does not have, such as a passphrase', async (t) => {
    const collector = await started(t, { tls: { ...authority.issue(), ca, requestCert: true } });
    const { cert, key } = authority.issue();
    const form = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' } as const;
    const encrypted = createPrivateKey(key).export(form) as string;
    const dispatcher = new Agent({ connect: { ca, cert, key: encrypted, passphrase: 'open' } });
    assert.equal(await sent(processorFor(t, collector.endpoint, dispatcher)), 'acknowledged');
    assert.equal(collector.spans().length, 1);
  });

  test('through a proxy', async (t) => {
    const collector = await started(t);
    const proxy = await startProxy();
    t.after(() => proxy.close());
    assert.equal(await sent(processorFor(t, collector.endpoint, new ProxyAgent(proxy.url))), 'acknowledged');
    assert.deepEqual([proxy.tunnels, collector.spans().length], [[`127.0.0.1:${collector.port}`], 1]);
  });

  test('through a proxy that sees nothing of them, since they are for an https:// URL', async (t) => {
    const collector = await started(t, { tls: authority.issue() });
    const proxy = await startProxy();
    t.after(() => proxy.close());
    const dispatcher = new ProxyAgent({ uri: proxy.url, requestTls: { ca } });
    assert.equal(await sent(processorFor(t, collector.endpoint, dispatcher)), 'acknowledged');
    assert.deepEqual([proxy.tunnels, collector.spans().length], [[`127.0.0.1:${collector.port}`], 1]);
  });
});

describe('spans that a proxy has not forwarded are dropped as unreachable', () => {
  test('if the proxy refuses', async (t) => {
    diagnosticLog(t);
    const collector = await started(t);
    const proxy = await startProxy(407);
    t.after(() => proxy.close());
    assert.equal(await sent(processorFor(t, collector.endpoint, new ProxyAgent(proxy.url))), 'unreachable');
    assert.deepEqual([proxy.tunnels.length, collector.requests.length], [5, 0]);
  });

  test('if there is no proxy', async (t) => {
    diagnosticLog(t);
    const proxy = await startProxy();
    await proxy.close();
    assert.equal(
      await sent(processorFor(t, 'http://127.0.0.1:4318/v1/traces', new ProxyAgent(proxy.url))),
      'unreachable',
    );
  });
});

async function started(t: TestContext, options: CollectorOptions = {}): Promise<Collector> {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  return collector;
}

function processorFor(t: TestContext, url: string, dispatcher: Dispatcher): BatchSpanProcessor {
  t.after(() => dispatcher.destroy());
  const exporter = new OtlpHttpExporter({ url, fetch: (to, init) => undiciFetch(to, { ...init, dispatcher }) });
  return new BatchSpanProcessor(exporter);
}

/** Sends one span and returns its outcome. */
async function sent(processor: BatchSpanProcessor): Promise<string | undefined> {
  new TracerProvider({ spanProcessors: [processor] }).getTracer('test').startSpan('span').end();
  await hurried(processor, 4);
  await processor.shutdown();
  const { acknowledged, dropped } = balanced(processor);
  return acknowledged === 1 ? 'acknowledged' : Object.keys(dropped)[0];
}
