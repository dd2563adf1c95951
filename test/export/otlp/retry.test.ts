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

describe('what a server cannot take now', () => {
  for (const status of [429, 502, 503, 504]) {
    test(`is sent again after ${status}, and arrives once`, async (t) => {
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
      // Nothing is lost, so nothing is said.
      assert.deepEqual(log, []);
    });
  }

  test('stays in the queue for as long as it takes; the second failure is told, with what the server said', async (t) => {
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

  test('is sent again until an answer is final', async (t) => {
    const { log, collector, processor, end } = await started(t, {
      answer: ({ index }) => ({ status: index === 0 ? 503 : 400 }),
    });
    end(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 2);
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.match(log[0].message, / 400 /);
  });

  test('is sent again by itself, a while later', async (t) => {
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

  test('is not hurried by what ends meanwhile, which leaves behind it', async (t) => {
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
    // One batch finds out, then come larger and larger requests.
    assert.deepEqual(sizesOf(collector), [2, 2, 3]);
  });

  test('leaves one batch at a time until there is an answer, then in requests that grow', async (t) => {
    const { collector, processor, end } = await started(
      t,
      { answer: ({ index }) => (index < 3 ? { status: 503 } : undefined) },
      { maxExportBatchSize: 1 },
    );
    end(32);
    await hurried(processor);
    const [first, second, third, fourth, ...others] = sizesOf(collector);
    // The first span leaves at once, and others wait for it.
    assert.deepEqual([first, second, third, fourth], [1, 1, 1, 1]);
    assert.ok(others.length <= 5, String(others));
    for (let at = 1; at < others.length - 1; at++) assert.ok(others[at] > others[at - 1], String(others));
    assert.equal(balanced(processor).acknowledged, 32);
  });
});

describe('what must not be sent again', () => {
  for (const status of [301, 308, 400, 401, 403, 404, 408, 413, 500, 501, 505]) {
    test(`is what was answered with ${status}, Retry-After or not`, async (t) => {
      const { collector, processor, end } = await started(t, {
        answer: () => ({ status, headers: { 'retry-after': '0' } }),
      });
      end(1);
      await hurried(processor);
      assert.equal(collector.requests.length, 1);
      assert.deepEqual(balanced(processor).dropped, { [status === 413 ? 'too_large' : 'refused']: 1 });
    });
  }

  test('is what was accepted by an answer that breaks off', async (t) => {
    const { log, collector, processor, end } = await started(t, {
      answer: () => ({ status: 200, body: 'x'.repeat(1_000), fault: 'cut' }),
    });
    end(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 1);
    assert.equal(balanced(processor).acknowledged, 1);
    assert.deepEqual(log, []);
  });

  test('is what has timed out three times', async (t) => {
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

describe('what got no answer', () => {
  test('is sent again, and may arrive twice', async (t) => {
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

  test('stays for as long as nothing else gets an answer either', async (t) => {
    let isBack = false;
    const { collector, processor, end } = await started(t, { answer: () => (isBack ? undefined : { fault: 'reset' }) });
    end(3);
    assert.equal((await hurried(processor, 10)).pending, 3);
    isBack = true;
    assert.deepEqual(await hurried(processor), { exported: 3, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 11);
  });

  test('lets others go first, and is given up as unknown when they get answers again and again', async (t) => {
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

  test('is unknown where a later attempt is refused, or never comes', async (t) => {
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
    test(`is split between its batches, said ${how}`, async (t) => {
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

  test('once does not keep the next ones small for ever', async (t) => {
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

  test('although it is a single batch costs that batch and no other', async (t) => {
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

describe('a server that is not there', () => {
  test('is asked for again and again, and the spans stay', async (t) => {
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

  test('gets the spans, once, when it comes', async (t) => {
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

  test('costs the spans for which there is no room, and no other', async (t) => {
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
  test('grow by half each time from a second on to five, 20 % more or less', async (t) => {
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
    // A date has whole seconds.
    ['a date', () => inSeconds(20), 15_000, 20_000],
    ['an hour, of which half a minute is waited for', () => '3600', 30_000, 30_000],
    ['so long that no timer holds it', () => '99999999999999', 30_000, 30_000],
    ['for ever', () => 'Infinity', 30_000, 30_000],
    ['for the year 9999', () => 'Fri, 31 Dec 9999 23:59:59 GMT', 30_000, 30_000],
  ] as [string, () => string, number, number][]) {
    test(`are as long as the server asks for at least: ${what}`, async (t) => {
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
    test(`are the usual ones where the server asks for ${what}`, async (t) => {
      const [pause] = await pausesAfter(t, { 'retry-after': header() }, 1);
      assert.ok(pause >= 800 && pause <= 1_200, String(pause));
    });
  }

  test('end where somebody waits for a flush', async (t) => {
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}),
    });
    const ids = end(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('are not waited for by flushes: those that come together take one attempt', async (t) => {
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

  test('start anew after an answer', async (t) => {
    const { processor, end } = await started(t, { answer: ({ index }) => ({ status: index === 6 ? 200 : 503 }) });
    end(1);
    await hurried(processor);
    end(1);
    const [pause] = await pausesOf(processor, 1);
    assert.ok(pause >= 800 && pause <= 1_200, String(pause));
  });
});

describe('a shutdown', () => {
  test('is over at once where nobody has ever listened', async (t) => {
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

  test('waits for a server that comes back', async (t) => {
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

  test('waits for a server that cannot take spans now', async (t) => {
    const { processor, end } = await started(t, { answer: ({ index }) => (index === 0 ? { status: 503 } : {}) });
    end(1);
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
  });

  test('cuts a pause short, and brings the spans home where the server has recovered', async (t) => {
    const { collector, processor, end } = await started(t, {
      answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}),
    });
    const ids = end(1);
    await processor.forceFlush();
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('does not wait for what comes after its deadline, and nothing is sent any more', async (t) => {
    const { log, collector, processor, end } = await started(t, { answer: () => ({ status: 503, headers: HOUR }) });
    end(1);
    await processor.forceFlush();
    const start = performance.now();
    assert.deepEqual(await processor.shutdown({ timeoutMillis: 9_000 }), { exported: 0, pending: 0, dropped: 1 });
    assert.ok(performance.now() - start < 5_000);
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.deepEqual(codesOf(log), ['export_delayed', 'shutdown']);
    // The one before the shutdown, and the one that it hurried.
    assert.equal(collector.requests.length, 2);
  });

  test('from within the exporter is one like any other', async (t) => {
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

describe('headers that are asked for', () => {
  test('are asked for before each request, untraced, and sent', async (t) => {
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
    test(`that ${what} put the request off, and what they hold is not told`, async (t) => {
      let isBroken = true;
      const { log, collector, processor, end } = await started(t, {}, {}, 100, {
        headers: () => (isBroken ? headers() : {}),
      });
      end(1);
      assert.equal((await hurried(processor, 2)).pending, 1);
      assert.equal(collector.requests.length, 0);
      assert.deepEqual(codesOf(log), ['export_delayed']);
      assert.match(log[0].message, /no request to .*(no token today|headers\(\))/);
      assert.ok(!log[0].message.includes('secret-value'));
      isBroken = false;
      assert.deepEqual(await hurried(processor), { exported: 1, pending: 0, dropped: 0 });
    });
  }
});

describe('a shutdown while an attempt is under way', () => {
  test('that is not sent yet drops its spans for good', async (t) => {
    diagnosticLog(t);
    let attempts = 0;
    // As a connection that does not come about.
    const fetch: FetchLike = (_url, { signal }) =>
      new Promise((_, reject) => {
        attempts++;
        const error = Object.assign(new Error('no connection in time'), { code: 'ECONNREFUSED' });
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

  test('and compresses sends nothing any more', async (t) => {
    diagnosticLog(t);
    const compressed: (() => void)[] = [];
    const { gzip } = zlib;
    // Until the test says so, it is not done.
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

  test('and waits for headers has sent nothing', async (t) => {
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

test('a batch that is always asked to come again holds no other up, and is given up while others get through', async (t) => {
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
  test(`what is secret is not repeated, though the server says it ${what}`, async (t) => {
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

test('headers that were asked for are not repeated by what asks for them', async (t) => {
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

test('what the headers hold is not repeated, though the server does', async (t) => {
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

/** The milliseconds of the first pauses after attempts that fail; none is waited for. */
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

  // It has gone by in part by now.
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
  // In this order: what is said at the end is said to the log, too.
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
