import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import { type Collector, type CollectorOptions, startCollector } from '../oracle/collector.ts';
import { type Chromium, type Page, type PageServer, servePages, startChromium } from './chromium.ts';

declare global {
  /** The page's requests to the collector: their bytes, and whether they outlive the page. */
  var sent: [bytes: number, keepalive: boolean][];
}

// The collector and the page have different ports, and therefore different origins.
const cors = { allowedOrigins: ['*'], allowedHeaders: ['content-type', 'content-encoding', 'authorization'] };
const KIBIBYTE = 1024;

describe('a page in Chromium', { concurrency: false }, () => {
  let chromium: Chromium;
  let pages: PageServer;
  before(async () => {
    chromium = await startChromium();
    pages = await servePages();
  });
  after(async () => {
    await chromium?.close();
    await pages?.close();
  });

  /** Opens a page that has initialized the package, with a collector. */
  async function opened(t: TestContext, { config = {}, ...options }: CollectorOptions & { config?: Config } = {}) {
    const collector = await startCollector({ cors, ...options });
    t.after(() => collector.close());
    const page = await chromium.newPage();
    t.after(() => page.close());
    await page.goto(pages.url);
    await page.evaluate(
      (settings) => {
        globalThis.sent = [];
        const { fetch } = globalThis;
        globalThis.fetch = (url, init) => {
          const { body, keepalive } = init as { body: Uint8Array; keepalive?: boolean };
          sent.push([body.length, keepalive === true]);
          return fetch(url, init);
        };
        trace.initialize({ exporterType: 'otlp', quiet: true, ...settings });
      },
      { otlpEndpoint: collector.url, ...config },
    );
    return { page, collector };
  }

  for (const [what, leave] of Object.entries({
    'it is navigated away from': (page: Page) => page.goto(`${pages.url}/elsewhere`),
    'it is closed': (page: Page) => page.close(),
  })) {
    test(`sends ended spans to another origin when ${what}`, async (t) => {
      // The page is gone before the preflight is answered.
      const { page, collector } = await opened(t, { cors: { ...cors, delayMillis: 300 } });
      await page.evaluate(() => {
        // The listener keeps the page out of the back/forward cache.
        addEventListener('unload', () => {});
        trace.startSpan('first').end();
        trace.startSpan('second').end();
        trace.startSpan('open');
      });
      await leave(page);
      assert.deepEqual(await names(collector, 2), ['first', 'second']);
      assert.equal(collector.preflights[0]['access-control-request-headers'], 'content-type');
    });

    test(`sends spans that end in the application’s own listeners when ${what}`, async (t) => {
      const { page, collector } = await opened(t);
      await page.evaluate(() => {
        addEventListener('pagehide', () => trace.startSpan('pagehide').end());
        document.addEventListener('visibilitychange', () => trace.startSpan('visibilitychange').end());
      });
      await leave(page);
      assert.deepEqual(await names(collector, 2), ['pagehide', 'visibilitychange']);
    });

    test(`sends with headers from a function, and uncompressed, when ${what}`, async (t) => {
      const { page, collector } = await opened(t, { config: { otlpCompression: 'gzip', flushOnExit: false } });
      await page.evaluate(async (url) => {
        const exporter = new trace.OtlpHttpExporter({
          url,
          compression: 'gzip',
          headers: async () => ({ authorization: 'Bearer abc' }),
        });
        const provider = new trace.TracerProvider({ spanProcessors: [new trace.BatchSpanProcessor(exporter)] });
        trace.flushOnPageHide(provider);
        provider.getTracer('page').startSpan('first').end();
      }, collector.endpoint);
      await leave(page);
      assert.deepEqual(await names(collector, 1), ['first']);
      const [{ headers }] = collector.requests;
      assert.deepEqual([headers.authorization, headers['content-encoding']], ['Bearer abc', undefined]);
    });
  }

  test('sends whenever it is hidden, each span once, and continues', async (t) => {
    const { page, collector } = await opened(t);
    for (const round of [1, 2, 3]) {
      await page.evaluate((name) => trace.startSpan(name).end(), `round ${round}`);
      await hide(t);
      assert.equal((await names(collector, round)).at(-1), `round ${round}`);
      await page.bringToFront();
    }
    await page.evaluate(async () => {
      trace.startSpan('shown').end();
      await trace.forceFlush();
    });
    assert.deepEqual(await names(collector, 4), ['round 1', 'round 2', 'round 3', 'shown']);
    const { ended, acknowledged, pending } = await settled(page);
    assert.deepEqual([ended, acknowledged, pending], [4, 4, 0]);
  });

  test('when hidden, sends many spans in one request that outlives the page and others that do not', async (t) => {
    const { page, collector } = await opened(t);
    await page.evaluate(() => {
      const attributes = { text: 'x'.repeat(500) };
      for (let count = 0; count < 1_000; count++) trace.startSpan(`span ${count}`, { attributes }).end();
    });
    await hide(t);
    const { ended, acknowledged } = await settled(page);
    assert.deepEqual([ended, acknowledged, (await names(collector, 1_000)).length], [1_000, 1_000, 1_000]);
    const requests = await page.evaluate(() => sent);
    const kept = requests.filter(([, keepalive]) => keepalive).map(([bytes]) => bytes);
    assert.ok(requests.length > kept.length, 'all requests outlive the page');
    assert.ok(Math.max(...kept) > 20 * KIBIBYTE && Math.max(...kept) < 48 * KIBIBYTE, `${requests}`);
  });

  test('sends in requests that outlive it whatever fits, hidden or not', async (t) => {
    const { page } = await opened(t);
    await page.evaluate(() => {
      trace.startSpan('shown').end();
      return trace.forceFlush();
    });
    assert.deepEqual(await page.evaluate(() => sent.map(([, keepalive]) => keepalive)), [true]);
  });

  test('does not wait for a request in flight, and shares the quota with it', async (t) => {
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const { page, collector } = await opened(t, { answer: ({ index }) => (index === 0 ? released : undefined) });
    const spans = (name: string) => {
      for (let count = 0; count < 40; count++) {
        trace.startSpan(name, { attributes: { text: 'x'.repeat(1_000) } }).end();
      }
    };
    await page.evaluate(spans, 'first');
    await page.evaluate(() => void trace.forceFlush());
    await collector.received(1);
    await page.evaluate(spans, 'second');
    await hide(t);
    const [first, ...others] = await page.evaluate(() => sent);
    release();
    assert.equal(first[1], true);
    const together = [first, ...others].reduce((sum, [bytes, keepalive]) => sum + (keepalive ? bytes : 0), 0);
    assert.ok(others.length > 0 && together < 48 * KIBIBYTE, `${[first, ...others]}`);
    const { acknowledged, pending } = await settled(page);
    assert.deepEqual([acknowledged, pending, (await names(collector, 80)).length], [80, 0, 80]);
  });

  test('retries spans that were refused because the application has used up the quota', async (t) => {
    const { page, collector } = await opened(t);
    const silent = await startCollector({ cors, answer: () => ({ fault: 'silence' }) });
    t.after(() => silent.close());
    await page.evaluate((url) => {
      void fetch(url, { method: 'POST', body: new Uint8Array(60 * 1024), keepalive: true }).catch(() => {});
    }, silent.endpoint);
    await silent.received(1);
    await page.evaluate(() => {
      const attributes = { text: 'x'.repeat(8 * 1024) };
      trace.startSpan('first', { attributes }).end();
    });
    await hide(t);
    assert.deepEqual(await names(collector, 1), ['first']);
    assert.equal((await settled(page)).acknowledged, 1);
    const [, ...requests] = await page.evaluate(() => sent.map(([, keepalive]) => keepalive));
    assert.deepEqual(requests, [true, false]);
  });

  for (const [what, delayMillis] of Object.entries({ 'at once': 0, 'while it is away': 1_000 })) {
    test(`is restored from the cache and continues, with its requests answered ${what}`, async (t) => {
      const { page, collector } = await opened(t, {
        config: { otlpTimeoutMillis: 500 },
        answer: ({ index }) => ({ delayMillis: index === 0 ? delayMillis : 0 }),
      });
      await page.evaluate(() => trace.startSpan('first').end());
      await page.goto(`${pages.url}/elsewhere`);
      await collector.received(1);
      await delay(2 * delayMillis);
      await page.goBack({ waitUntil: 'commit' });
      const { ended, acknowledged, pending } = await settled(page);
      assert.deepEqual([ended, acknowledged, pending], [1, 1, 0]);
      await page.evaluate(() => {
        trace.startSpan('second').end();
        return trace.forceFlush();
      });
      assert.deepEqual(await names(collector, 2), ['first', 'second']);
      await page.evaluate(() => trace.startSpan('third').end());
      await page.close();
      assert.deepEqual(await names(collector, 3), ['first', 'second', 'third']);
    });
  }

  test('continues the trace of its server', async (t) => {
    const { page, collector } = await opened(t);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await page.evaluate((id) => {
      const meta = document.createElement('meta');
      Object.assign(meta, { name: 'traceparent', content: `00-${id}-00f067aa0ba902b7-01` });
      document.head.append(meta);
      trace.startSpan('load', { parent: trace.pageContext() }).end();
    }, traceId);
    await hide(t);
    await names(collector, 1);
    const [span] = collector.spans();
    assert.deepEqual([span.traceId, span.parentSpanId], [traceId, '00f067aa0ba902b7']);
  });

  test('does not affect its web workers, which send on their own', async (t) => {
    const { page, collector } = await opened(t);
    const said = await page.evaluate(
      (endpoint) =>
        new Promise((resolve) => {
          const code = `import '${location.origin}/page.js';
            trace.initialize({ exporterType: 'otlp', otlpEndpoint: '${endpoint}', quiet: true });
            trace.flushOnPageHide(new trace.TracerProvider())();
            trace.startSpan('worker', { parent: trace.pageContext() }).end();
            postMessage(await trace.forceFlush());`;
          const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
          const worker = new Worker(url, { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve(message);
        }),
      collector.url,
    );
    assert.deepEqual(said, { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(await names(collector, 1), ['worker']);
  });

  test('does nothing when it is hidden if flushOnExit is false, or after a shutdown', async (t) => {
    const { page } = await opened(t, { config: { flushOnExit: false } });
    await page.evaluate(() => trace.startSpan('first').end());
    await hide(t);
    assert.deepEqual(await page.evaluate(() => sent), []);
    await page.bringToFront();
    const seen = await page.evaluate(async () => {
      await trace.shutdown();
      const added: string[] = [];
      const { addEventListener: add, removeEventListener: remove } = globalThis;
      Object.assign(globalThis, {
        addEventListener: (...args: Parameters<typeof add>) => added.push(`+${args[0]}`),
        removeEventListener: (...args: Parameters<typeof remove>) => added.push(`-${args[0]}`),
      });
      trace.initialize({ exporterType: 'otlp', quiet: true });
      await trace.shutdown();
      return added;
    });
    assert.deepEqual(seen, ['+visibilitychange', '+pagehide', '-visibilitychange', '-pagehide']);
  });

  /** Hides the front page behind another, almost empty one, for as long as the test runs. */
  async function hide(t: TestContext): Promise<void> {
    const other = await chromium.newPage();
    t.after(() => other.close());
  }
});

/** Returns the names of the spans in order, once there are this many. */
async function names(collector: Collector, count: number): Promise<string[]> {
  while (collector.spans().length < count) await delay(10);
  return collector.spans().map(({ name }) => name);
}

/** Returns the counters, once nothing is pending. */
function settled(page: Page) {
  return page.evaluate(async () => {
    let stats = trace.stats();
    while (stats?.pending) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      stats = trace.stats();
    }
    if (stats === undefined) throw new Error('there are no counters');
    return stats;
  });
}
