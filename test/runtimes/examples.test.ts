import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { build } from 'esbuild';
import { type MessageEvent, WebSocket } from 'undici';
import { type Collector, startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { type Chromium, startChromium } from './chromium.ts';
import { exampleFolder, read, startExample } from './example.ts';
import { type Model, startModel } from './model.ts';

/** The part of Miniflare's types that is used. The real ones exist only if this folder is installed. */
interface Worker {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const headers = { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`, 'content-type': 'text/plain' };

const KINDS: Readonly<Record<number, string>> = { 2: 'server', 3: 'client' };

/** Describes each span by service and name, followed by its parent, sorted. The spans are of one trace. */
function relations(spans: readonly DecodedSpan[], traceId = CALLER.traceId): string[] {
  const shown = ({ name, kind, resource }: DecodedSpan) =>
    [resource.attributes['service.name'], name, KINDS[kind]].filter(Boolean).join(' ');
  return spans
    .map((span) => {
      assert.equal(span.traceId, traceId, span.name);
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
      const isCaller = span.parentSpanId === CALLER.spanId;
      return `${shown(span)} < ${parent ? shown(parent) : isCaller ? 'caller' : span.parentSpanId || 'nothing'}`;
    })
    .sort();
}

async function started(t: TestContext): Promise<{ collector: Collector; model: Model }> {
  const [collector, model] = await Promise.all([startCollector(), startModel()]);
  t.after(() => collector.close());
  t.after(() => model.close());
  return { collector, model };
}

function traceparentOf({ traceId, spanId }: DecodedSpan): string {
  return `00-${traceId}-${spanId}-01`;
}

function named(spans: readonly DecodedSpan[], text: string): DecodedSpan {
  return spans.find((span) => `${span.name} ${KINDS[span.kind]}`.includes(text)) ?? assert.fail(`there is no ${text}`);
}

describe('the example for', () => {
  for (const [name, route] of [
    ['hono', ' /answer'],
    ['express', ' /answer'],
  ]) {
    it(`${name} traces a request up to the call of the model`, async (t) => {
      const { collector, model } = await started(t);
      const example = await startExample(name, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        LLM_URL: model.url,
        LLM_KEY: 's3cret',
      });
      t.after(() => example.stop());
      const response = await fetch(`${example.url}/answer`, { method: 'POST', headers, body: 'Good morning' });
      assert.equal(await response.text(), 'You said: Good morning');
      await example.stop();
      const spans = collector.spans();
      const expected = [
        `${name}-api POST client < ${name}-api llm.request`,
        `${name}-api POST${route} server < caller`,
        `${name}-api llm.request < ${name}-api POST${route} server`,
      ];
      assert.deepEqual(relations(spans), expected.sort());
      assert.deepEqual(model.traceparents, [traceparentOf(named(spans, 'client'))]);
    });
  }

  it('Deno traces a request to its speech', async (t) => {
    const { collector } = await started(t);
    const example = await startExample('deno', {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'speech',
    });
    t.after(() => example.stop());
    const response = await fetch(example.url, { method: 'POST', headers, body: 'Good morning' });
    assert.equal((await response.arrayBuffer()).byteLength, 2 * 8_000);
    const silent = await fetch(example.url, { method: 'POST', headers, body: ' ' });
    assert.equal(silent.status, 400);
    await example.stop();
    const spans = collector.spans();
    assert.deepEqual(relations(spans), [
      'speech POST server < caller',
      'speech POST server < caller',
      'speech tts.request < speech POST server',
      'speech tts.request < speech POST server',
    ]);
    assert.equal(named(spans, 'tts.request').attributes['response.data_size'], 16_000n);
  });

  it('Bun traces a call to each of its frames', async (t) => {
    const { collector } = await started(t);
    const example = await startExample('bun', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    t.after(() => example.stop());
    const socket = new WebSocket(example.url.replace('http', 'ws'), { headers });
    socket.binaryType = 'arraybuffer';
    await once(socket, 'open');
    for (const length of [320, 640]) {
      socket.send(Buffer.alloc(length));
      const [{ data }] = (await once(socket, 'message')) as [MessageEvent<ArrayBuffer>];
      assert.equal(data.byteLength, length);
    }
    socket.close();
    await once(socket, 'close');
    await example.stop();
    assert.deepEqual(relations(collector.spans()), [
      'bun-echo audio.echo < bun-echo connection.created',
      'bun-echo audio.echo < bun-echo connection.created',
      'bun-echo connection.created < caller',
    ]);
  });

  it('Workers streams the answer of the model, and traces it until its end', async (t) => {
    const { collector, model } = await started(t);
    const folder = exampleFolder('worker');
    const wrangler = read(folder, 'wrangler.jsonc') as {
      main: string;
      compatibility_date: string;
      compatibility_flags: string[];
      vars: Record<string, string>;
    };
    // Wrangler does the same.
    const { outputFiles } = await build({
      entryPoints: [join(folder, wrangler.main)],
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      write: false,
    });
    const { Miniflare } = (await import('miniflare' as string)) as { Miniflare: new (options: object) => Worker };
    const worker = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
      compatibilityDate: wrangler.compatibility_date,
      compatibilityFlags: wrangler.compatibility_flags,
      bindings: {
        ...wrangler.vars,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        LLM_URL: model.url,
        LLM_KEY: 's3cret',
      },
    });
    t.after(() => worker.dispose());
    const response = await fetch(await worker.ready, { method: 'POST', headers, body: 'Good morning' });
    assert.match(await response.text(), /"You ".*"morning ".*\[DONE\]/s);
    await collector.received(1);
    const spans = collector.spans();
    assert.deepEqual(relations(spans), [
      'llm-proxy POST client < llm-proxy llm.request',
      'llm-proxy POST server < caller',
      'llm-proxy llm.request < llm-proxy POST server',
    ]);
    assert.deepEqual(model.traceparents, [traceparentOf(named(spans, 'client'))]);
  });

  describe('browsers', () => {
    let chromium: Chromium;
    before(async () => {
      chromium = await startChromium();
    });
    after(() => chromium?.close());

    it('traces a button press up to the work of the server', async (t) => {
      const { collector } = await started(t);
      const example = await startExample('browser', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
      t.after(() => example.stop());
      const page = await chromium.newPage();
      await page.goto(example.url);
      const heard = await page.evaluate(async () => {
        const output = document.querySelector('output') as HTMLElement;
        const changed = new Promise((resolve) => {
          new MutationObserver(resolve).observe(output, { childList: true });
        });
        document.querySelector('button')?.click();
        await changed;
        return output.textContent;
      });
      assert.equal(heard, 'I heard: GOOD MORNING');
      // Ended spans are sent when the page is left.
      await page.close();
      await collector.received(1);
      await example.stop();
      const spans = collector.spans();
      assert.deepEqual(relations(spans, named(spans, 'talk').traceId), [
        'voice-page POST client < voice-page talk',
        'voice-page talk < nothing',
        'voice-server POST server < voice-page POST client',
        'voice-server stt.request < voice-server POST server',
      ]);
    });
  });
});
