import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { type GrpcModule, OnDemandGrpcExporter } from '../../../src/export/otlp/grpc.ts';
import { OtlpGrpcExporter } from '../../../src/grpc/exporter.ts';
import { initialize, sdkMetrics, shutdown, startSpan, stats } from '../../../src/trace.ts';
import { startGrpcCollector } from '../../oracle/grpc-collector.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';

const MODULE = { OtlpGrpcExporter } as unknown as GrpcModule;

async function collect(t: TestContext, port?: number) {
  const collector = await startGrpcCollector({ port });
  t.after(() => collector.close());
  return collector;
}

describe('a gRPC exporter that is loaded on demand', () => {
  test('accepts spans before it is loaded, once, by the first request', async (t) => {
    const { url, spans } = await collect(t);
    let loads = 0;
    const load = async () => {
      loads++;
      return MODULE;
    };
    const processor = new BatchSpanProcessor(new OnDemandGrpcExporter({ url }, load), { maxExportBatchSize: 2 });
    const end = endedSpansInto(processor);
    const ids = end(1);
    assert.equal(loads, 0);
    ids.push(...end(4));
    for (let round = 0; round < 3; round++) {
      await processor.forceFlush();
      ids.push(...end(3));
    }
    await processor.shutdown();
    assert.deepEqual(
      spans().map(({ spanId }) => spanId),
      ids,
    );
    assert.equal(loads, 1);
    assert.equal(balanced(processor).acknowledged, 14);
  });

  test('that cannot be loaded keeps its spans, and is loaded again', async (t) => {
    const { url, spans } = await collect(t);
    let loads = 0;
    const load = async () => {
      if (++loads < 2) throw new Error('no such module');
      return MODULE;
    };
    const processor = new BatchSpanProcessor(new OnDemandGrpcExporter({ url }, load));
    const ids = endedSpansInto(processor)(2);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 2, dropped: 0 });
    assert.deepEqual(await processor.shutdown(), { exported: 2, pending: 0, dropped: 0 });
    assert.deepEqual(
      spans().map(({ spanId }) => spanId),
      ids,
    );
  });

  test('reports why it cannot be loaded, and its spans are counted', async (t) => {
    const log = diagnosticLog(t);
    const load = () => Promise.reject(new Error('no such module'));
    const processor = new BatchSpanProcessor(new OnDemandGrpcExporter({ url: 'http://localhost:4317' }, load));
    endedSpansInto(processor)(2);
    await processor.shutdown();
    assert.deepEqual(balanced(processor).dropped, { unreachable: 2 });
    assert.match(
      log.at(-1)?.message as string,
      /^shutdown: 2 spans; last attempt: the gRPC exporter could not be loaded \(no such module\)/,
    );
  });

  test('has nothing to release if it is shut down before', async () => {
    const processor = new BatchSpanProcessor(new OnDemandGrpcExporter({}, () => assert.fail('nothing was sent')));
    assert.deepEqual(await processor.shutdown(), { exported: 0, pending: 0, dropped: 0 });
  });

  test('limits requests to 3 MiB unless another limit is set', () => {
    const exporter = new OnDemandGrpcExporter({});
    assert.equal(new BatchSpanProcessor(exporter)._options.maxRequestBytes, 3 * 1024 * 1024);
    const maxRequestBytes = 4 * 1024 * 1024;
    assert.equal(new BatchSpanProcessor(exporter, { maxRequestBytes })._options.maxRequestBytes, maxRequestBytes);
  });
});

describe('initialize', () => {
  test('sends to localhost:4317 over gRPC, like the original', async (t) => {
    let collector: Awaited<ReturnType<typeof collect>>;
    try {
      collector = await collect(t, 4317);
    } catch {
      t.skip('something else listens on port 4317');
      return;
    }
    initialize({ exporterType: 'otlp', otlpEndpoint: 'localhost:4317', quiet: true });
    startSpan('first').end();
    assert.deepEqual(await shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.equal(collector.spans()[0].name, 'first');
  });

  test('passes all settings on to gRPC', async (t) => {
    const { url, requests } = await collect(t);
    let asked = 0;
    initialize({
      exporterType: 'otlp',
      otlpEndpoint: url,
      otlpProtocol: 'grpc',
      otlpTimeoutMillis: 5_000,
      otlpCompression: 'gzip',
      otlpHeaders: () => ({ 'x-asked': String(asked++) }),
      quiet: true,
    });
    const before = Date.now();
    startSpan('first').end();
    await shutdown();
    const [{ metadata, deadline, spans }] = requests;
    assert.deepEqual([metadata['x-asked'], spans.length, stats()?.acknowledged], ['0', 1, 1]);
    assert.ok(Number(deadline) - before < 9_000, 'the time is that of the setting');
    const exporter = sdkMetrics().find(({ name }) => name === 'otel.sdk.exporter.span.exported');
    assert.deepEqual(exporter?.attributes, {
      'otel.component.type': 'otlp_grpc_exporter',
      'otel.component.name': 'otlp_grpc_exporter/0',
      'server.address': '127.0.0.1',
      'server.port': Number(url.split(':').at(-1)),
    });
  });
});
