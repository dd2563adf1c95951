import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import zlib from 'node:zlib';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../../src/export/batch-options.ts';
import { type FetchLike, OtlpHttpExporter, type OtlpHttpExporterOptions } from '../../../src/export/otlp/http.ts';
import { codesOf } from '../../core/diagnostic-log.ts';
import { type Collector, type CollectorAnswer, type CollectorOptions, startCollector } from '../../oracle/collector.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, type EndSpans, endedSpansInto } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

const HOUR = { 'retry-after': '3600' };

describe('spans that a server cannot accept at the moment', () => {
  for (const status of [429, 502, 503, 504]) {
    test(`are sent again after ${status}, and arrive once`, async (t) => {
      const { log, collector, processor, end } = await started(t, {
        answer: ({ index }) => (index < 1 ? { status } : undefined),
      });
      const ids = end(3);
      assert.deepEqual(await hurried(processor), { exported: 3, pending: 0, dropped: 0 });
      const { acknowledged, dropped } = balanced(processor);
      assert.deepEqual([acknowledged, dropped], [3, {}]);
      assert.deepEqual(idsOf(collector), ids);
      const [first, second, ...others] = collector.requests;
      assert.deepEqual(second.body, first.body);
      assert.equal(second.headers['content-type'], 'application/x-protobuf');
      assert.equal(others.length, 0);
      // Nothing is lost, so nothing is reported.
      assert.deepEqual(log, []);
    });
  }

  test('stay in the queue as long as necessary; the second failure is reported with the server’s message', async (t) => {
    const { log, collector, processor, end } = await started(t, {
      answer: ({ index }) => (index < 20 ? { status: 503, body: 'over quota' } : undefined),
    });
    end(2);
    assert.deepEqual(await hurried(processor, 1), { exported: 0, pending: 2, dropped: 0 });
    assert.equal(log.length, 0);
    assert.deepEqual(await hurried(processor, 19), { exported: 0, pending: 2, dropped: 0 });
    assert.equal(balanced(processor).pending, 2);
    assert.deepEqual(codesOf(log), ['export_delayed']);
    for (const part of [collector.endpoint, '503', '"over quota"', '2 spans waiting'])
      assert.ok(log[0].message.includes(part), part);
    assert.deepEqual(await hurried(processor), { exported: 2, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 21);
  });

  test('are sent again until an answer is final', async (t) => {
    const { log, collector, processor, end } = await started(t, {
      answer: ({ index }) => ({ status: index === 0 ? 503 : 400 }),
    });
    end(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 2);
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.match(log[0].message, / 400 /);
  });

  test('are sent again automatically after a while', async (t) => {
    const arrivals: number[] = [];
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => {
        arrivals.push(performance.now());
        return index === 0 ? { status: 503 } : undefined;
      },
    });
    const ids = end(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    await collector.received(2);
    assert.deepEqual(idsOf(collector), ids);
    assert.ok(arrivals[1] - arrivals[0] >= 700, String(arrivals[1] - arrivals[0]));
  });

  test('are not retried sooner when others end, which are sent after them', async (t) => {
    const { collector, processor, end } = await started(
      t,
      { answer: ({ index }) => (index < 1 ? { status: 503, headers: HOUR } : undefined) },
      { maxExportBatchSize: 2, scheduledDelayMillis: 1 },
    );
    const ids = end(2);
    await until(() => collector.requests.length === 1 && isPaused(processor));
    ids.push(...end(3));
    await delay(50);
    assert.equal(collector.requests.length, 1);
    await hurried(processor);
    assert.deepEqual(idsOf(collector), ids);
    assert.equal(collector.peakConcurrency, 1);
    // One batch probes the server. Then requests grow.
    assert.deepEqual(sizesOf(collector), [2, 2, 3]);
  });

  test('are sent one batch at a time until there is an answer, then in growing requests', async (t) => {
    const { collector, processor, end } = await started(
      t,
      { answer: ({ index }) => (index < 3 ? { status: 503 } : undefined) },
      { maxExportBatchSize: 1 },
    );
    end(32);
    await hurried(processor);
    const [first, second, third, fourth, ...others] = sizesOf(collector);
    // The first span is sent immediately, and the others wait for it.
    assert.deepEqual([first, second, third, fourth], [1, 1, 1, 1]);
    assert.ok(others.length <= 5, String(others));
    for (let at = 1; at < others.length - 1; at++) assert.ok(others[at] > others[at - 1], String(others));
    assert.equal(balanced(processor).acknowledged, 32);
  });
});

describe('spans that must not be sent again', () => {
  for (const status of [301, 308, 400, 401, 403, 404, 408, 413, 500, 501, 505]) {
    test(`are those answered with ${status}, with or without Retry-After`, async (t) => {
      const { collector, processor, end } = await started(t, {
        answer: () => ({ status, headers: { 'retry-after': '0' } }),
      });
      end(1);
      await hurried(processor);
      assert.equal(collector.requests.length, 1);
      assert.deepEqual(balanced(processor).dropped, { [status === 413 ? 'too_large' : 'refused']: 1 });
    });
  }

  test('are those accepted by an incomplete answer', async (t) => {
    const { log, collector, processor, end } = await started(t, {
      answer: () => ({ status: 200, body: 'x'.repeat(1_000), fault: 'cut' }),
    });
    end(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 1);
    assert.equal(balanced(processor).acknowledged, 1);
    assert.deepEqual(log, []);
  });

  test('are those that have timed out three times', async (t) => {
    const { log, collector, processor, end } = await started(t, { answer: () => ({ fault: 'silence' }) }, {}, 100);
    end(1);
    assert.deepEqual(await hurried(processor), { exported: 0, pending: 0, dropped: 1 });
    assert.equal(collector.requests.length, 3);
    const { unknown, dropped } = balanced(processor);
    assert.deepEqual([unknown, dropped], [1, {}]);
    assert.deepEqual(codesOf(log), ['export_delayed', 'export_failed']);
    assert.match(log[1].message, /no answer within 100 ms/);
  });
});

describe('spans without an answer', () => {
  test('are sent again, and may arrive twice', async (t) => {
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => (index === 0 ? { fault: 'reset' } : undefined),
    });
    const [id] = end(1);
    assert.deepEqual(await hurried(processor), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(
      collector.requests.map(({ spans }) => spans.map(({ spanId }) => spanId)),
      [[id], [id]],
    );
    const { acknowledged, unknown } = balanced(processor);
    assert.deepEqual([acknowledged, unknown], [1, 0]);
  });

  test('stay as long as other requests get no answer either', async (t) => {
    let isBack = false;
    const { collector, processor, end } = await started(t, { answer: () => (isBack ? undefined : { fault: 'reset' }) });
    end(3);
    assert.equal((await hurried(processor, 10)).pending, 3);
    isBack = true;
    assert.deepEqual(await hurried(processor), { exported: 3, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 11);
  });

  test('let others go first, and are given up as unknown when these repeatedly get answers', async (t) => {
    const { processor, end } = await started(
      t,
      { answer: ({ spans }) => (spans.some(({ name }) => name === 'span 0') ? { fault: 'reset' } : undefined) },
      { maxExportBatchSize: 1, maxRequestBytes: 1 },
    );
    end(1);
    let attempts = 0;
    for (; balanced(processor).unknown === 0; attempts++) {
      assert.ok(attempts < 20);
      end(1);
      await processor.forceFlush();
    }
    await hurried(processor);
    const { acknowledged, unknown, ended, dropped } = balanced(processor);
    assert.deepEqual([acknowledged, unknown, dropped], [ended - 1, 1, {}]);
  });

  test('are unknown if a later attempt is refused or never happens', async (t) => {
    for (const status of [400, 503]) {
      const { processor, end } = await started(t, {
        answer: ({ index }) => (index === 0 ? { fault: 'reset' } : { status, headers: HOUR }),
      });
      end(1);
      await processor.forceFlush();
      end(2);
      await processor.shutdown();
      const { unknown, dropped } = balanced(processor);
      assert.deepEqual([unknown, dropped], [1, { refused: 2 }]);
    }
  });
});

describe('a request that is too large', () => {
  for (const [how, tooLarge] of [
    ['with 413', { status: 413 }],
    [
      'with 400 and in words, as the Collector does',
      { status: 400, body: '\b\x03\x12\x1chttp: request body too large' },
    ],
  ] satisfies [string, CollectorAnswer][]) {
    test(`is split between its batches (${how})`, async (t) => {
      const { log, collector, processor, end } = await started(
        t,
        { answer: ({ body }) => (body.byteLength > 3_000 ? tooLarge : undefined) },
        { maxExportBatchSize: 1 },
      );
      const ids = end(64, { text: 'x'.repeat(100) });
      assert.deepEqual(await hurried(processor), { exported: 64, pending: 0, dropped: 0 });
      assert.deepEqual(idsOf(collector), ids);
      const refused = () => collector.requests.filter(({ status }) => status === tooLarge.status).length;
      assert.ok(refused() > 0);
      end(64, { text: 'x'.repeat(100) });
      await hurried(processor);
      assert.equal(balanced(processor).acknowledged, 128);
      assert.equal(new Set(idsOf(collector)).size, 128);
      assert.deepEqual(log, []);
    });
  }

  test('does not keep the next ones small forever', async (t) => {
    const { collector, processor, end } = await started(
      t,
      { answer: ({ index }) => (index === 1 ? { status: 413 } : undefined) },
      { maxExportBatchSize: 1 },
    );
    end(3);
    await hurried(processor);
    end(200);
    await hurried(processor);
    assert.equal(balanced(processor).acknowledged, 203);
    assert.ok(Math.max(...sizesOf(collector)) > 30, String(sizesOf(collector)));
  });

  test('even with a single batch loses that batch and no other', async (t) => {
    const { log, processor, end } = await started(
      t,
      { answer: ({ body }) => (body.byteLength > 3_000 ? { status: 413 } : undefined) },
      { maxExportBatchSize: 1 },
    );
    end(3);
    end(1, { text: 'x'.repeat(4_000) });
    end(3);
    await hurried(processor);
    const { acknowledged, dropped } = balanced(processor);
    assert.deepEqual([acknowledged, dropped], [6, { too_large: 1 }]);
    assert.deepEqual(codesOf(log), ['export_failed']);
  });
});

describe('a server that is down', () => {
  test('is tried repeatedly, and the spans stay', async (t) => {
    const { endpoint, close } = await startCollector();
    await close();
    let attempts = 0;
    const log = diagnosticLog(t);
    const exporter = new OtlpHttpExporter({
      url: endpoint,
      fetch: (url, init) => {
        attempts++;
        return fetch(url, init);
      },
    });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    assert.equal((await hurried(processor, 10)).pending, 1);
    assert.equal(attempts, 10);
    assert.deepEqual(codesOf(log), ['export_delayed']);
    assert.match(log[0].message, /ECONNREFUSED/);
    await processor.shutdown();
    assert.deepEqual(balanced(processor).dropped, { unreachable: 1 });
    assert.deepEqual(codesOf(log), ['export_delayed', 'shutdown']);
    assert.ok(log[1].message.includes(endpoint));
  });

  test('gets the spans once when it starts', async (t) => {
    const gone = await startCollector();
    await gone.close();
    const log = diagnosticLog(t);
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: gone.endpoint }));
    const ids = endedSpansInto(processor)(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    const collector = await startCollector({ port: gone.port });
    t.after(() => collector.close());
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
    assert.equal(collector.requests.length, 1);
    assert.deepEqual(log, []);
  });

  test('loses only the spans for which there is no room', async (t) => {
    const gone = await startCollector();
    await gone.close();
    diagnosticLog(t);
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: gone.endpoint }), {
      maxQueueSize: 10,
      maxExportBatchSize: 4,
    });
    const end = endedSpansInto(processor);
    const ids = end(15);
    await hurried(processor, 3);
    const { pending, dropped } = balanced(processor);
    assert.deepEqual([pending, dropped], [10, { queue_full: 5 }]);
    const collector = await startCollector({ port: gone.port });
    t.after(() => collector.close());
    await hurried(processor);
    ids.push(...end(1));
    await processor.shutdown();
    assert.deepEqual(idsOf(collector).sort(), [...ids.slice(0, 10), ids[15]].sort());
  });
});

describe('the pauses between attempts', () => {
  test('grow from one second by half each time up to five, with 20 % jitter', async (t) => {
    const pauses = await pausesAfter(t, {}, 8);
    for (const [at, pause] of pauses.entries()) {
      const middle = Math.min(1_000 * 1.5 ** at, 5_000 / 1.2);
      assert.ok(pause >= 0.8 * middle && pause <= 1.2 * middle + 100, `${pause} for ${middle}`);
    }
    assert.ok(new Set(pauses).size > 4, 'they are random');
  });

  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();
  for (const [what, header, least, most] of [
    ['seconds', () => '12', 12_000, 12_000],
    // A date has a resolution of seconds.
    ['a date', () => inSeconds(20), 15_000, 20_000],
    ['an hour, of which half a minute is waited for', () => '3600', 30_000, 30_000],
    ['so long that no timer holds it', () => '99999999999999', 30_000, 30_000],
    ['for ever', () => 'Infinity', 30_000, 30_000],
    ['for the year 9999', () => 'Fri, 31 Dec 9999 23:59:59 GMT', 30_000, 30_000],
  ] as [string, () => string, number, number][]) {
    test(`are at least as long as the server asks for: ${what}`, async (t) => {
      const pauses = await pausesAfter(t, { 'retry-after': header() }, 3);
      for (const pause of pauses) assert.ok(pause >= least && pause <= most, String(pause));
    });
  }

  for (const [what, header] of [
    ['no time', () => '0'],
    ['a negative number', () => '-120'],
    ['a date that is past', () => inSeconds(-100)],
    ['nothing', () => ''],
    ['garbage', () => 'soon, perhaps'],
    ['no number', () => 'NaN'],
    ['minus infinity', () => '-Infinity'],
  ] as [string, () => string][]) {
    test(`are the usual ones if the server asks for ${what}`, async (t) => {
      const [pause] = await pausesAfter(t, { 'retry-after': header() }, 1);
      assert.ok(pause >= 800 && pause <= 1_200, String(pause));
    });
  }

  test('end when a flush is requested', async (t) => {
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}),
    });
    const ids = end(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('do not delay flushes, and concurrent flushes share one attempt', async (t) => {
    const { collector, processor, end } = await started(
      t,
      { answer: () => ({ status: 503, headers: HOUR }) },
      { maxExportBatchSize: 2, maxRequestBytes: 1 },
    );
    end(5);
    for (let attempts = 1; attempts < 5; attempts++) {
      const flushes = [processor.forceFlush(), processor.forceFlush()];
      for (const flushed of flushes) assert.deepEqual(await flushed, { exported: 0, pending: 5, dropped: 0 });
      assert.equal(collector.requests.length, attempts);
    }
    await processor.shutdown({ timeoutMillis: 100 });
  });

  test('start over after an answer', async (t) => {
    const { processor, end } = await started(t, { answer: ({ index }) => ({ status: index === 6 ? 200 : 503 }) });
    end(1);
    await hurried(processor);
    end(1);
    const [pause] = await pausesOf(processor, 1);
    assert.ok(pause >= 800 && pause <= 1_200, String(pause));
  });
});

describe('a shutdown', () => {
  test('ends immediately if no server has ever listened', async (t) => {
    const { endpoint, close } = await startCollector();
    await close();
    const log = diagnosticLog(t);
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: endpoint }), { maxExportBatchSize: 2 });
    endedSpansInto(processor)(5);
    const start = performance.now();
    assert.deepEqual(await processor.shutdown(), { exported: 0, pending: 0, dropped: 5 });
    assert.ok(performance.now() - start < 700, String(performance.now() - start));
    assert.deepEqual(balanced(processor).dropped, { unreachable: 5 });
    assert.deepEqual(codesOf(log), ['shutdown']);
    assert.match(log[0].message, /5 spans.*ECONNREFUSED/);
  });

  test('waits for a server that restarts', async (t) => {
    const { collector, processor, end } = await started(t, {});
    const ids = end(1);
    await processor.forceFlush();
    await collector.close();
    ids.push(...end(2));
    const stopped = processor.shutdown();
    await delay(300);
    const again = await startCollector({ port: collector.port });
    t.after(() => again.close());
    assert.deepEqual(await stopped, { exported: 2, pending: 0, dropped: 0 });
    assert.deepEqual([...idsOf(collector), ...idsOf(again)], ids);
  });

  test('waits for a server that cannot accept spans at the moment', async (t) => {
    const { processor, end } = await started(t, { answer: ({ index }) => (index === 0 ? { status: 503 } : {}) });
    end(1);
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
  });

  test('cuts a pause short, and delivers the spans if the server has recovered', async (t) => {
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}),
    });
    const ids = end(1);
    await processor.forceFlush();
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('does not wait for a retry after its deadline, and nothing is sent afterwards', async (t) => {
    const { log, collector, processor, end } = await started(t, { answer: () => ({ status: 503, headers: HOUR }) });
    end(1);
    await processor.forceFlush();
    const start = performance.now();
    assert.deepEqual(await processor.shutdown({ timeoutMillis: 9_000 }), { exported: 0, pending: 0, dropped: 1 });
    assert.ok(performance.now() - start < 5_000);
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.deepEqual(codesOf(log), ['export_delayed', 'shutdown']);
    // One request before the shutdown, and one that the shutdown made early.
    assert.equal(collector.requests.length, 2);
  });

  test('from within the exporter works like any other', async (t) => {
    diagnosticLog(t);
    let closings = 0;
    const processor: BatchSpanProcessor = new BatchSpanProcessor({
      export: (_spans, done) => {
        void processor.shutdown();
        done({ code: 0 });
      },
      async shutdown() {
        closings++;
      },
    });
    endedSpansInto(processor)(1);
    await processor.forceFlush();
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.equal(closings, 1);
    assert.equal(balanced(processor).acknowledged, 1);
  });
});

describe('headers from a function', () => {
  test('are requested before each request, untraced, and sent', async (t) => {
    let asked = 0;
    const { collector, processor, end } = await started(
      t,
      { answer: ({ index }) => ({ status: index === 0 ? 503 : 200 }) },
      {},
      10_000,
      {
        headers: async () => ({ Authorization: `Bearer ${++asked}` }),
      },
    );
    end(1);
    await hurried(processor);
    assert.deepEqual(
      collector.requests.map(({ headers }) => headers.authorization),
      ['Bearer 1', 'Bearer 2'],
    );
    assert.equal(collector.requests[0].headers['content-type'], 'application/x-protobuf');
  });

  for (const [what, headers] of [
    [
      'throw',
      () => {
        throw new Error('no token today');
      },
    ],
    ['reject', () => Promise.reject(new Error('no token today'))],
    ['are none', () => undefined],
    ['cannot be sent', () => ({ 'bad name': 'secret-value' })],
    ['never come', () => new Promise(() => {})],
  ] as [string, () => never][]) {
    test(`that ${what} delay the request, and their values are not reported`, async (t) => {
      let isBroken = true;
      const { log, collector, processor, end } = await started(t, {}, {}, 100, {
        headers: () => (isBroken ? headers() : {}),
      });
      end(1);
      assert.equal((await hurried(processor, 2)).pending, 1);
      assert.equal(collector.requests.length, 0);
      assert.deepEqual(codesOf(log), ['export_delayed']);
      assert.match(log[0].message, /no request sent to .*(no token today|headers\(\))/);
      assert.ok(!log[0].message.includes('secret-value'));
      isBroken = false;
      assert.deepEqual(await hurried(processor), { exported: 1, pending: 0, dropped: 0 });
    });
  }
});

describe('a shutdown during an attempt', () => {
  test('that is not sent yet drops its spans permanently', async (t) => {
    diagnosticLog(t);
    let attempts = 0;
    // Like a connection that is never established.
    const fetch: FetchLike = (_url, { signal }) =>
      new Promise((_, reject) => {
        attempts++;
        const error = Object.assign(new Error('could not connect in time'), { code: 'ECONNREFUSED' });
        signal.addEventListener('abort', () => reject(error));
      });
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }), { maxExportBatchSize: 2 });
    endedSpansInto(processor)(5);
    await processor.shutdown({ timeoutMillis: 20 });
    const last = balanced(processor);
    assert.equal(last.pending, 0);
    await delay(1_500);
    assert.deepEqual(balanced(processor), last);
    assert.equal(attempts, 1);
  });

  test('that is still compressing sends nothing afterwards', async (t) => {
    diagnosticLog(t);
    const compressed: (() => void)[] = [];
    const { gzip } = zlib;
    // Compression completes only when the test says so.
    t.mock.method(zlib, 'gzip', (bytes: Uint8Array, done: zlib.CompressCallback) =>
      gzip(bytes, (...result) => compressed.push(() => done(...result))),
    );
    syncBuiltinESMExports();
    let requests = 0;
    const fetch: FetchLike = async () => assert.fail(`request ${requests++}`);
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch, compression: 'gzip' }));
    endedSpansInto(processor)(1);
    await processor.shutdown({ timeoutMillis: 0 });
    while (compressed.length === 0) await delay(1);
    compressed[0]();
    await delay(50);
    assert.equal(requests, 0);
    assert.equal(balanced(processor).pending, 0);
  });

  test('that waits for headers has sent nothing', async (t) => {
    diagnosticLog(t);
    const fetch: FetchLike = async () => assert.fail('nothing is sent');
    const headers = () => new Promise<never>(() => {});
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch, headers }));
    endedSpansInto(processor)(1);
    await processor.shutdown({ timeoutMillis: 20 });
    const { unknown, dropped } = balanced(processor);
    assert.deepEqual([unknown, dropped], [0, { export_failed: 1 }]);
  });
});

test('a batch that is always to be retried delays no other, and is given up while others succeed', async (t) => {
  const { processor, end } = await started(
    t,
    { answer: ({ spans }) => (spans.some(({ name }) => name === 'span 0') ? { status: 502 } : undefined) },
    { maxExportBatchSize: 1, maxRequestBytes: 1 },
  );
  end(1);
  for (let attempts = 0; balanced(processor).dropped.refused === undefined; attempts++) {
    assert.ok(attempts < 100);
    end(1);
    await processor.forceFlush();
  }
  await hurried(processor);
  const { acknowledged, ended, dropped } = balanced(processor);
  assert.deepEqual([acknowledged, dropped], [ended - 1, { refused: 1 }]);
});

const TOKEN = 'c2VjcmV0LXdvcmQ6aGlkZGVuLXdvcmQ=';
for (const [what, said] of [
  ['as it is', TOKEN],
  ['behind much else', `${'x'.repeat(290)} ${TOKEN}`],
  ['decoded', 'for secret-word with hidden-word'],
  ['again and again', `${'Bearer '.concat(TOKEN)} `.repeat(3_000)],
  ['by itself out of a list', 'KEYSECRET'],
  ['out of the query', 'invalid api_key URL/SECRET'],
  ['out of the query, encoded', 'invalid api_key=URL%2FSECRET&amp;'],
] as const) {
  test(`secrets are not repeated even if the server says them ${what}`, async (t) => {
    const log = diagnosticLog(t);
    const fetch: FetchLike = async () => new Response(said, { status: 401 });
    const processor = new BatchSpanProcessor(
      new OtlpHttpExporter({
        url: 'https://host.invalid/v1/traces?api_key=URL%2FSECRET',
        headers: { authorization: `Bearer ${TOKEN}`, 'x-keys': 'key=KEYSECRET,id=7' },
        fetch,
      }),
    );
    endedSpansInto(processor)(1);
    await processor.shutdown();
    assert.match(log[0].message, / 401 /);
    assert.doesNotMatch(log[0].message, /c2Vj|secret-w|hidden-w|SECRET/);
  });
}

test('an error of the headers function does not reveal earlier headers', async (t) => {
  let asked = 0;
  const { log, processor, end } = await started(t, {}, {}, 1_000, {
    headers: () => {
      if (asked++ > 0) throw new Error('cannot refresh OLDSECRET');
      return { authorization: 'Bearer OLDSECRET' };
    },
  });
  end(1);
  await processor.forceFlush();
  end(1);
  await hurried(processor, 3);
  assert.match(log.map(({ message }) => message).join(), /cannot refresh …/);
  assert.doesNotMatch(log.map(({ message }) => message).join(), /OLDSECRET/);
});

test('header values are not repeated even if the server repeats them', async (t) => {
  const { log, processor, end } = await started(
    t,
    {
      answer: ({ headers }) => ({
        status: 401,
        body: `${'x'.repeat(280)} not ${headers.authorization}, ${headers['x-key']}`,
      }),
    },
    {},
    10_000,
    { headers: { authorization: 'Bearer s3cr3t-token', 'x-key': 'another-secret' } },
  );
  end(1);
  await hurried(processor);
  assert.match(log[0].message, /401/);
  assert.ok(!/s3c|anoth/.test(log[0].message), log[0].message);
});

/** Returns the first pauses after failing attempts, in milliseconds, without waiting for them. */
async function pausesAfter(t: TestContext, headers: Record<string, string>, count: number): Promise<number[]> {
  const { processor, end } = await started(t, { answer: () => ({ status: 503, headers }) });
  end(1);
  return pausesOf(processor, count);
}

async function pausesOf(processor: BatchSpanProcessor, count: number): Promise<number[]> {
  const pauses: number[] = [];
  for (let attempt = 0; attempt < count; attempt++) {
    await processor.forceFlush();
    pauses.push(resumeAt(processor) - performance.now());
  }

  // Part of the pause has already passed.
  return pauses.map((pause) => Math.ceil(pause / 100) * 100);
}

function resumeAt(processor: BatchSpanProcessor): number {
  return processor._delivery._resumeAt;
}

function isPaused(processor: BatchSpanProcessor): boolean {
  return resumeAt(processor) > performance.now();
}

interface Started {
  collector: Collector;
  processor: BatchSpanProcessor;
  end: EndSpans;
  log: ReturnType<typeof diagnosticLog>;
}

async function started(
  t: TestContext,
  options: CollectorOptions,
  batch?: BatchSpanProcessorOptions,
  timeoutMillis?: number,
  others?: OtlpHttpExporterOptions,
): Promise<Started> {
  // The order matters: diagnostics of the shutdown must reach the log.
  t.after(() => processor.shutdown({ timeoutMillis: 0 }));
  const log = diagnosticLog(t);
  const collector = await startCollector(options);
  t.after(() => collector.close());
  const processor = new BatchSpanProcessor(
    new OtlpHttpExporter({ url: collector.endpoint, timeoutMillis, ...others }),
    batch,
  );
  return { collector, processor, end: endedSpansInto(processor), log };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

function idsOf(collector: Collector): string[] {
  return collector.spans().map(({ spanId }) => spanId);
}

function sizesOf(collector: Collector): number[] {
  return collector.requests.map(({ spans }) => spans.length);
}
