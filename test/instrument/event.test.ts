import assert from 'node:assert/strict';
import { afterEach, describe, it, type TestContext } from 'node:test';
import { processState } from '../../src/core/process-state.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { traceHandler } from '../../src/instrument/handler.ts';
import { initialize, isInitialized, shutdown, startSpan } from '../../src/trace.ts';
import { codesOf, diagnosticLog } from '../core/diagnostic-log.ts';
import { type CollectorOptions, startCollector } from '../oracle/collector.ts';
import { withVariables } from '../variables.ts';

type Env = Record<string, unknown>;

const request = () => new Request('http://worker/');
const hello = (_request: Request, ..._rest: unknown[]) => new Response('hello');

/** Creates the context of a Worker's event, and records what it waits for. */
function context() {
  const waiting: Promise<unknown>[] = [];
  return { waiting, waitUntil: (promise: Promise<unknown>) => void waiting.push(promise) };
}

async function started(t: TestContext, options?: CollectorOptions) {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  const env: Env = {
    TRACE_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SERVICE_NAME: 'a-worker',
    OTEL_LOG_LEVEL: 'none',
    BUCKET: { get: () => undefined },
  };
  return { collector, env };
}

afterEach(() => shutdown());

describe('the first event', () => {
  const log = diagnosticLog();

  it('initializes tracing from its environment, and sends its spans', async (t) => {
    const { collector, env } = await started(t);
    const handler = traceHandler({ fetch: hello }, { config: { serviceVersion: '1.2.3', quiet: true } });
    const ctx = context();
    const response = await withVariables({ TRACE_EXPORTER: 'none', OTEL_SERVICE_NAME: 'other' }, () =>
      handler.fetch(request(), env, ctx),
    );
    assert.equal(await response.text(), 'hello');
    await Promise.all(ctx.waiting);
    assert.equal(ctx.waiting.length, 1);
    const [span] = collector.spans();
    assert.equal(span.name, 'GET');
    const { attributes } = span.resource;
    assert.deepEqual([attributes['service.name'], attributes['service.version']], ['a-worker', '1.2.3']);
  });

  it('is not delayed by the collector', async (t) => {
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const { collector, env } = await started(t, { answer: () => released });
    const ctx = context();
    const response = await traceHandler(hello, { config: { quiet: true } })(request(), env, ctx);
    assert.equal(await response.text(), 'hello');
    await collector.received(1);
    let isOver = false;
    const flushed = Promise.all(ctx.waiting).then(() => {
      isOver = true;
    });
    assert.equal(isOver, false);
    release();
    await flushed;
  });

  it('is passed to a config function', async (t) => {
    const { collector, env } = await started(t);
    const { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...rest } = env;
    const ctx = context();
    const config = ({ WHERE }: { WHERE: string }) => ({ otlpEndpoint: WHERE, quiet: true });
    await traceHandler(hello, { config })(request(), { ...rest, WHERE: url }, ctx);
    await Promise.all(ctx.waiting);
    assert.equal(collector.spans().length, 1);
  });

  it('gets the environment from a Durable Object, or from srvx', async (t) => {
    const { collector, env } = await started(t);
    class Room {
      readonly ctx: unknown;

      constructor(ctx: unknown, _env: Env) {
        this.ctx = ctx;
      }

      alarm() {}
    }
    const ctx = context();
    await new (traceHandler(Room, { config: { quiet: true } }))(ctx, env).alarm();
    await Promise.all(ctx.waiting);
    assert.equal(collector.spans().length, 1);
    await shutdown();
    const srvx = Object.assign(request(), { runtime: { name: 'cloudflare', cloudflare: { env } } }, context());
    await traceHandler(hello, { config: { quiet: true } })(srvx);
    await Promise.all(srvx.waiting);
    assert.equal(collector.spans().length, 2);
  });

  it('does not mistake other arguments of servers for an environment', async (t) => {
    const { env } = await started(t);
    for (const rest of [[], [{ ...env, upgrade: () => false }], [{ ...env, waitUntil() {} }]]) {
      await withVariables({ TRACE_EXPORTER: 'none', OTEL_SERVICE_NAME: 'of the process' }, () =>
        traceHandler(hello, { config: { quiet: true } })(request(), ...rest),
      );
      assert.equal(isInitialized(), true);
      assert.equal(startSpan('span').isRecording(), false, 'spans are recorded');
      await shutdown();
    }
  });

  it('leaves tracing unchanged if it is initialized', async () => {
    const exporter = new InMemorySpanExporter();
    initialize({ exporterType: 'none', spanProcessors: [new SimpleSpanProcessor(exporter)], quiet: true });
    const config = () => {
      throw new Error('asked');
    };
    await traceHandler(hello, { config })(request(), {}, context());
    assert.equal(exporter.getFinishedSpans().length, 1);
    assert.deepEqual(log, []);
  });

  it('continues untraced with an invalid configuration, which is reported once and without secrets', async () => {
    const wrong: ((env: Env) => object)[] = [
      () => ({ otlpHeaders: 's3cret' }),
      () => ({ exporterType: 'otlp', otlpEndpoint: 'http://user:s3cret@[' }),
      () => {
        throw new Error('no such binding');
      },
    ];
    for (const config of wrong) {
      log.length = 0;
      processState.reported.clear();
      const handler = traceHandler({ fetch: hello }, { config });
      for (let count = 0; count < 3; count++) {
        assert.equal(await (await handler.fetch(request(), { TOKEN: 's3cret' }, context())).text(), 'hello');
      }
      assert.equal(isInitialized(), false);
      assert.deepEqual(codesOf(log), ['config_refused']);
      assert.equal(log[0].level, 'error');
      assert.doesNotMatch(log[0].message, /s3cret/);
    }
  });

  it('initializes only once: after a shutdown, tracing stays off', async () => {
    const handler = traceHandler(hello, { config: { exporterType: 'none', quiet: true } });
    await handler(request());
    assert.equal(isInitialized(), true);
    await shutdown();
    await handler(request());
    assert.equal(isInitialized(), false);
  });
});

describe('every event', () => {
  it('sends in waitUntil, and many events share few requests', async (t) => {
    const { collector, env } = await started(t);
    const handler = traceHandler(hello, { config: { quiet: true } });
    const contexts = Array.from({ length: 50 }, context);
    await Promise.all(contexts.map((ctx) => handler(request(), env, ctx)));
    await Promise.all(contexts.flatMap(({ waiting }) => waiting));
    assert.equal(collector.spans().length, 50);
    assert.ok(collector.requests.length < 10, `${collector.requests.length} requests`);
  });

  it('sends when its body has been sent', async (t) => {
    const { collector, env } = await started(t);
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    const ctx = context();
    const handler = traceHandler((_request: Request, ..._: unknown[]) => new Response(stream), {
      config: { quiet: true },
    });
    const response = await handler(request(), env, ctx);
    controller.enqueue(new Uint8Array(1));
    const reader = (response.body as ReadableStream).getReader();
    await reader.read();
    assert.equal(collector.requests.length, 0);
    controller.close();
    await reader.read();
    await Promise.all(ctx.waiting);
    assert.equal(collector.spans().length, 1);
  });

  it('also sends spans of a handler that fails', async (t) => {
    const { collector, env } = await started(t);
    const ctx = context();
    const handler = traceHandler(
      (_request: Request, ..._: unknown[]) => {
        startSpan('work').end();
        throw new Error('no');
      },
      { config: { quiet: true } },
    );
    await assert.rejects(handler(request(), env, ctx), /no/);
    await Promise.all(ctx.waiting);
    assert.deepEqual(
      collector.spans().map(({ name }) => name),
      ['work', 'GET'],
    );
  });

  it('sends nothing if that is switched off', async (t) => {
    const { env } = await started(t);
    const ctx = context();
    await traceHandler(hello, { config: { quiet: true }, flush: false })(request(), env, ctx);
    assert.deepEqual(ctx.waiting, []);
  });
});
