import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import type { OtlpBatch } from '../../../src/export/otlp/batch.ts';
import { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import { codesOf } from '../../core/diagnostic-log.ts';
import { type Collector, type CollectorOptions, startCollector } from '../../oracle/collector.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';
import { hurried, pausing } from './hurried.ts';

const HOUR = { 'retry-after': '3600' };
// No other timer has this delay.
const TIMEOUT_MILLIS = 12_345;
const LONGEST_TIMER = 2 ** 31 - 1;

describe('what a server cannot take now', () => {
  for (const status of [429, 502, 503, 504]) {
    test(`is sent again after ${status}, and arrives once`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, { answer: ({ index }) => (index < 2 ? { status } : undefined) });
      const exporter = new OtlpHttpExporter({ url: collector.endpoint });
      const processor = new BatchSpanProcessor(exporter);
      const ids = endedSpansInto(processor)(3);
      assert.deepEqual(await hurried(processor), { exported: 3, pending: 0, dropped: 0 });
      const { acknowledged, dropped } = balanced(processor);
      assert.deepEqual([acknowledged, dropped], [3, {}]);
      assert.deepEqual(idsOf(collector), ids);
      const [first, ...others] = collector.requests;
      assert.equal(others.length, 2);
      for (const { body, headers } of others) {
        assert.deepEqual(body, first.body);
        assert.equal(headers['content-type'], 'application/x-protobuf');
      }
      // Nothing is lost, so nothing is said.
      assert.deepEqual(log, []);
    });
  }

  test('is sent five times and no more, and then counts as refused, with what the server said', async (t) => {
    const log = diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 503, body: 'over quota' }) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(2);
    assert.deepEqual(await hurried(processor), { exported: 0, pending: 0, dropped: 2 });
    assert.equal(collector.requests.length, 5);
    assert.deepEqual(balanced(processor).dropped, { refused: 2 });
    assert.deepEqual(codesOf(log), ['export_failed']);
    for (const part of [collector.endpoint, '503', '"over quota"', '2 of 2 spans'])
      assert.ok(log[0].message.includes(part));
  });

  test('arrives with the fifth attempt, too, whatever the reasons before it', async (t) => {
    diagnosticLog(t);
    const statuses = [503, 429, 504, 502];
    const collector = await started(t, {
      answer: ({ index }) => (index < 4 ? { status: statuses[index] } : undefined),
    });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    const ids = endedSpansInto(processor)(1);
    await hurried(processor);
    assert.deepEqual(idsOf(collector), ids);
    assert.equal(balanced(processor).acknowledged, 1);
  });

  test('is sent again until an answer is final', async (t) => {
    const log = diagnosticLog(t);
    const collector = await started(t, { answer: ({ index }) => ({ status: index === 0 ? 503 : 400 }) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 2);
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.match(log[0].message, / 400 /);
  });

  test('is waited for by what ends meanwhile: one request at a time, in order', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: ({ index }) => (index < 2 ? { status: 503 } : undefined) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 2 });
    const end = endedSpansInto(processor);
    const ids = end(2);
    await pausing(exporter);
    ids.push(...end(3));
    await hurried(processor);
    assert.deepEqual(idsOf(collector), ids);
    assert.equal(collector.peakConcurrency, 1);
    assert.deepEqual(
      collector.requests.map(({ spans }) => spans.length),
      [2, 2, 2, 3],
    );
  });

  test('is sent again by itself, a while later', async (t) => {
    diagnosticLog(t);
    const arrivals: number[] = [];
    const collector = await started(t, {
      answer: ({ index }) => {
        arrivals.push(performance.now());
        return index === 0 ? { status: 503 } : undefined;
      },
    });
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }));
    const ids = endedSpansInto(processor)(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    await collector.received(2);
    assert.deepEqual(idsOf(collector), ids);
    assert.ok(arrivals[1] - arrivals[0] >= 700, String(arrivals[1] - arrivals[0]));
  });
});

describe('what must not be sent again', () => {
  for (const status of [301, 308, 400, 401, 403, 404, 408, 413, 500, 501, 505]) {
    test(`is what was answered with ${status}, Retry-After or not`, async (t) => {
      diagnosticLog(t);
      const collector = await started(t, { answer: () => ({ status, headers: { 'retry-after': '0' } }) });
      const exporter = new OtlpHttpExporter({ url: collector.endpoint });
      const processor = new BatchSpanProcessor(exporter);
      endedSpansInto(processor)(1);
      await hurried(processor);
      assert.equal(collector.requests.length, 1);
      assert.deepEqual(balanced(processor).dropped, { [status === 413 ? 'too_large' : 'refused']: 1 });
    });
  }

  for (const fault of ['reset', 'cut', 'silence'] as const) {
    test(`is what was on its way when the connection broke: ${fault}, which may have arrived`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, { answer: () => ({ fault }) });
      const exporter = new OtlpHttpExporter({ url: collector.endpoint, timeoutMillis: 200 });
      const processor = new BatchSpanProcessor(exporter);
      endedSpansInto(processor)(1);
      await hurried(processor);
      assert.equal(collector.requests.length, 1);
      const { unknown, dropped } = balanced(processor);
      assert.deepEqual([unknown, dropped], [1, {}]);
      assert.deepEqual(codesOf(log), ['export_failed']);
      assert.ok(log[0].message.includes(collector.endpoint));
    });
  }

  test('is an answer that breaks off, though its status says to come again', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 503, body: 'x'.repeat(1_000), fault: 'cut' }) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    await hurried(processor);
    assert.equal(collector.requests.length, 1);
    assert.equal(balanced(processor).unknown, 1);
  });
});

describe('a server that is not there', () => {
  test('is tried five times, and the spans count as unreachable', async (t) => {
    const log = diagnosticLog(t);
    const { endpoint, close } = await startCollector();
    await close();
    let attempts = 0;
    const exporter = new OtlpHttpExporter({
      url: endpoint,
      fetch: (url, init) => {
        attempts++;
        return fetch(url, init);
      },
    });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    await hurried(processor);
    assert.equal(attempts, 5);
    assert.deepEqual(balanced(processor).dropped, { unreachable: 1 });
    assert.ok(log[0].message.includes(endpoint));
    assert.match(log[0].message, /ECONNREFUSED/);
  });

  test('gets the spans, once, when it comes', async (t) => {
    const log = diagnosticLog(t);
    const gone = await startCollector();
    await gone.close();
    const exporter = new OtlpHttpExporter({ url: gone.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    const ids = endedSpansInto(processor)(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    const collector = await started(t, { port: gone.port });
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
    assert.equal(collector.requests.length, 1);
    assert.deepEqual(log, []);
  });
});

describe('the pauses between attempts', () => {
  test('grow by half each time from a second on, 20 % more or less', async (t) => {
    const pauses = await pausesAfter(t, {});
    assert.equal(pauses.length, 4);
    for (const [at, pause] of pauses.entries()) {
      const middle = 1_000 * 1.5 ** at;
      assert.ok(pause >= 0.8 * middle && pause <= 1.2 * middle, `${pause} for ${middle}`);
    }
  });

  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();
  for (const [what, header, least, most] of [
    ['seconds', () => '120', 120_000, 120_000],
    // A date has whole seconds.
    ['a date', () => inSeconds(100), 90_000, 100_000],
    ['so long that no timer holds it', () => '99999999999999', LONGEST_TIMER, LONGEST_TIMER],
    ['for ever', () => 'Infinity', LONGEST_TIMER, LONGEST_TIMER],
    ['for the year 9999', () => 'Fri, 31 Dec 9999 23:59:59 GMT', LONGEST_TIMER, LONGEST_TIMER],
  ] as [string, () => string, number, number][]) {
    test(`are as long as the server asks for at least: ${what}`, async (t) => {
      const pauses = await pausesAfter(t, { 'retry-after': header() });
      assert.equal(pauses.length, 4);
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
      const [pause, ...others] = await pausesAfter(t, { 'retry-after': header() });
      assert.ok(pause >= 800 && pause <= 1_200, String(pause));
      assert.equal(others.length, 3);
    });
  }

  test('end where somebody waits for a flush', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    const ids = endedSpansInto(processor)(1);
    // Comes too early to hurry anything, and does not wait for a pause either.
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('are not waited for by flushes: each takes one attempt, and the spans stay until the last has failed', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 503, headers: HOUR }) });
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }), {
      maxExportBatchSize: 2,
      maxRequestBytes: 1,
    });
    endedSpansInto(processor)(5);
    for (let attempts = 1; attempts < 5; attempts++) {
      const flushes = [processor.forceFlush(), processor.forceFlush()];
      for (const flushed of flushes) assert.deepEqual(await flushed, { exported: 0, pending: 5, dropped: 0 });
      assert.equal(collector.requests.length, attempts);
    }
    // The fifth is the last of the first request; the next request begins.
    const { pending, dropped } = await processor.forceFlush();
    assert.deepEqual([pending + dropped, dropped > 0, balanced(processor).dropped.refused], [5, true, dropped]);
    await processor.shutdown();
  });

  test('are not waited for by a shutdown: where nobody listens, it is over at once', async (t) => {
    const log = diagnosticLog(t);
    const { endpoint, close } = await startCollector();
    await close();
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: endpoint }), { maxExportBatchSize: 2 });
    endedSpansInto(processor)(5);
    const start = performance.now();
    assert.deepEqual(await processor.shutdown(), { exported: 0, pending: 0, dropped: 5 });
    assert.ok(performance.now() - start < 700, String(performance.now() - start));
    assert.deepEqual(balanced(processor).dropped, { unreachable: 2, shutdown: 3 });
    assert.deepEqual(codesOf(log), ['export_failed', 'shutdown']);
  });

  test('end with a shutdown, which brings the spans home where the server has recovered', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: ({ index }) => (index === 0 ? { status: 503, headers: HOUR } : {}) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    const ids = endedSpansInto(processor)(1);
    void processor.forceFlush();
    await pausing(exporter);
    assert.deepEqual(await processor.shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector), ids);
  });

  test('end with the deadline of a shutdown, and nothing is sent any more', async (t) => {
    const log = diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 503, headers: HOUR }) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    void processor.forceFlush();
    await pausing(exporter);
    assert.deepEqual(await processor.shutdown({ timeoutMillis: 200 }), { exported: 0, pending: 0, dropped: 1 });
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.deepEqual(codesOf(log), ['export_failed']);
    // The one before the shutdown, and the one that it hurried.
    assert.equal(collector.requests.length, 2);
  });

  test('end with the time an export may take', async (t) => {
    const log = diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 429, headers: HOUR }) });
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }), {
      exportTimeoutMillis: 100,
    });
    endedSpansInto(processor)(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 1, dropped: 0 });
    while (balanced(processor).pending > 0) await delay(10);
    // It is known that they have not been taken.
    assert.deepEqual(balanced(processor).dropped, { refused: 1 });
    assert.deepEqual(codesOf(log).sort(), ['export_failed', 'export_timeout']);
    assert.equal(collector.requests.length, 1);
  });

  test('end when the signal aborts, and there is no further attempt', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { answer: () => ({ status: 503, headers: HOUR }) });
    const exporter = new OtlpHttpExporter({ url: collector.endpoint });
    const abort = new AbortController();
    const outcome = exporter.send([batchFrom(exporter)], abort.signal);
    await pausing(exporter);
    abort.abort();
    const { dropped, reason, why } = await outcome;
    assert.deepEqual([dropped, reason], [1, 'refused']);
    assert.match(why ?? '', / answered 503 /);
    assert.equal(collector.requests.length, 1);
  });

  test('do not come where there is nothing to wait for', () => {
    const exporter = new OtlpHttpExporter();
    exporter.hurry();
    exporter.hurry();
  });
});

/** The milliseconds of the pauses before the attempts after the first; none is waited for. */
async function pausesAfter(t: TestContext, headers: Record<string, string>): Promise<number[]> {
  diagnosticLog(t);
  const collector = await started(t, { answer: () => ({ status: 503, headers }) });
  const exporter = new OtlpHttpExporter({ url: collector.endpoint, timeoutMillis: TIMEOUT_MILLIS });
  const delays: number[] = [];
  const { setTimeout: original } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (callback: () => void, delay: number) => {
    if (delay === TIMEOUT_MILLIS) return original(callback, delay);
    delays.push(delay);
    return original(callback, 0);
  });
  await exporter.send([batchFrom(exporter)], new AbortController().signal);
  assert.equal(collector.requests.length, 5);
  return delays;
}

/** A batch of one span. */
function batchFrom(exporter: OtlpHttpExporter): OtlpBatch {
  const batch = exporter.createBatch();
  endedSpansInto({
    onEnd: (span) => batch.add(span as never),
    forceFlush: async () => {},
    shutdown: async () => {},
  })(1);
  return batch;
}

async function started(t: TestContext, options: CollectorOptions): Promise<Collector> {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  return collector;
}

function idsOf(collector: Collector): string[] {
  return collector.spans().map(({ spanId }) => spanId);
}
