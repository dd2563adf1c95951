import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { ROOT_CONTEXT } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { AlwaysOffSampler, SamplingDecision } from '../../src/core/sampler.ts';
import type { ReadableSpan } from '../../src/core/span.ts';
import type { TraceState } from '../../src/core/span-context.ts';
import type { SpanTracer } from '../../src/core/tracer.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../src/export/batch-options.ts';
import type { BatchingExporter, ExportOutcome, SpanBatch } from '../../src/export/exporter.ts';
import { InMemorySpanExporter } from '../../src/export/memory.ts';
import { type FetchLike, OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { SimpleSpanProcessor } from '../../src/export/simple.ts';
import { createHttpFetch } from '../../src/platform/http-fetch.ts';
import { type CollectorAnswer, type CollectorOptions, startCollector } from '../oracle/collector.ts';
import { diagnosticLog } from './diagnostic-log.ts';
import { balanced, type EndSpans, endedSpansInto } from './ended-spans.ts';
import { hurried } from './otlp/hurried.ts';

// A delay that no test waits for.
const NEVER = 60_000;

describe('a batch is sent', () => {
  test('when its first span has waited long enough', async (t) => {
    const { collector, end, processor } = await started(t, { scheduledDelayMillis: 20 });
    const ids = end(3);
    assert.deepEqual([collector.requests.length, balanced(processor).pending], [0, 3]);
    const [request] = await collector.received(1);
    assert.deepEqual(idsOf(request.spans), ids);
  });

  test('when the next first span has waited long enough, after a flush and after a full batch', async (t) => {
    const { collector, end, processor } = await started(t, { scheduledDelayMillis: 20, maxExportBatchSize: 3 });
    end(1);
    await processor.forceFlush();
    end(4);
    await collector.received(3);
    assert.deepEqual(sizesOf(collector.requests), [1, 3, 1]);
  });

  test('when its own first span has waited, not that of a flushed batch', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const exporter = new InMemorySpanExporter();
    const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 100 });
    const end = endedSpansInto(processor);
    end(1);
    t.mock.timers.tick(60);
    await processor.forceFlush();
    end(1);
    t.mock.timers.tick(99);
    assert.equal(exporter.getFinishedSpans().length, 1);
    t.mock.timers.tick(1);
    assert.equal(exporter.getFinishedSpans().length, 2);
  });

  test('when it is full', async (t) => {
    const { collector, end, processor } = await started(t, { maxExportBatchSize: 4 });
    end(9);
    await collector.received(2);
    assert.deepEqual(sizesOf(collector.requests), [4, 4]);
    assert.equal(collector.peakConcurrency, 1);
    await until(() => processor.stats().acknowledged === 8);
    assert.equal(balanced(processor).pending, 1);
  });

  test('with others that fill up within 100 ms of the last request, unless there are many or a flush', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const clock = t.mock.method(performance, 'now', () => 1_000);
    const { exporter, exported } = counting();
    const end = endedSpansInto(new BatchSpanProcessor(exporter, { maxExportBatchSize: 500, maxQueueSize: 32_000 }));
    end(500);
    assert.equal(exported(), 500);
    end(1_400);
    t.mock.timers.tick(99);
    assert.equal(exported(), 500);
    // The batch that is still filling is sent along.
    t.mock.timers.tick(1);
    assert.equal(exported(), 1_900);

    end(500);
    assert.equal(exported(), 1_900);
    clock.mock.mockImplementation(() => 1_100);
    end(500);
    assert.equal(exported(), 2_900);

    end(1_500);
    assert.equal(exported(), 2_900);
    end(1_000);
    assert.equal(exported(), 5_400);
  });

  test('at once for a flush, even if another has just been sent', async (t) => {
    t.mock.method(performance, 'now', () => 1_000);
    const { exporter, exported } = counting();
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 500 });
    const end = endedSpansInto(processor);
    end(1_000);
    assert.equal(exported(), 500);
    assert.equal((await processor.forceFlush()).exported, 500);
  });

  for (const [bound, count] of [
    [{ maxQueueSize: 10 }, 10],
    [{ maxQueueBytes: 2_000 }, 1],
  ] as const) {
    test(`when it reaches the limit of the queue: ${JSON.stringify(bound)}`, async (t) => {
      const { collector, end } = await started(t, bound);
      end(count, { text: 'x'.repeat(2_000) });
      await collector.received(1);
    });
  }

  test('when it is large, however few spans it has', async (t) => {
    const { collector, end } = await started(t);
    end(2, { text: 'x'.repeat(600_000) });
    await collector.received(1);
  });

  test('on a flush, which returns the outcome', async (t) => {
    const { collector, end, processor } = await started(t);
    const ids = end(3);
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector.spans()), ids);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 1);
  });

  test('on a shutdown', async (t) => {
    const { collector, end, processor } = await started(t);
    const ids = end(3);
    assert.deepEqual(await processor.shutdown(), { exported: 3, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(collector.spans()), ids);
  });
});

test('requests that Node sends on its own have no active context', async (t) => {
  const { collector, end, processor } = await started(t);
  const { contextStorage } = processState;
  const run = t.mock.method(contextStorage, 'run');
  end(1);
  await processor.forceFlush();
  assert.deepEqual([collector.requests.length, run.mock.callCount()], [1, 0]);
  end(1);
  const context = ROOT_CONTEXT.setValue(Symbol('application'), 1);
  await contextStorage.run(context, () => processor.forceFlush());
  assert.deepEqual([collector.requests.length, run.mock.callCount()], [2, 1]);
});

describe('a backlog', () => {
  test('is sent in one request after the previous one, never concurrently', async (t) => {
    const { collector, end, processor, release } = await held(t, { maxExportBatchSize: 4 });
    end(40);
    await collector.received(1);
    release();
    assert.deepEqual(await processor.forceFlush(), { exported: 40, pending: 0, dropped: 0 });
    assert.deepEqual(sizesOf(collector.requests), [4, 36]);
    assert.equal(collector.peakConcurrency, 1);
  });

  test('is sent in requests of maxRequestBytes at most', async (t) => {
    const { collector, end, processor, release } = await held(t, { maxExportBatchSize: 2, maxRequestBytes: 4_000 });
    end(100);
    await collector.received(1);
    release();
    await processor.forceFlush();
    const lengths = collector.requests.map(({ content }) => content.length);
    assert.ok(Math.max(...lengths) <= 4_000, String(lengths));
    // Fewer requests than batches: batches are combined as far as they fit.
    assert.ok(lengths.length < 20, String(lengths));
    assert.equal(collector.spans().length, 100);
  });

  test('is sent in requests of maxRequestBytes at most, even if a full batch would be larger', async (t) => {
    const { collector, end, processor } = await started(t, { maxRequestBytes: 4_000 });
    end(100);
    await processor.forceFlush();
    const lengths = collector.requests.map(({ content }) => content.length);
    assert.ok(Math.max(...lengths) <= 4_000, String(lengths));
    assert.equal(collector.spans().length, 100);
  });
});

describe('a flush that cannot wait', () => {
  test('sends everything before the call returns, beside requests in flight, and continues one by one', async () => {
    const { end, processor, sizes, settle } = asking({ maxExportBatchSize: 2 });
    end(7);
    assert.deepEqual(sizes, [2]);
    const flushed = processor.forceFlush({ _firstRequestBytes: 1 });
    // The first request has at least one batch, whatever its limit. The next one is as large as possible.
    assert.deepEqual(sizes, [2, 2, 3]);
    end(4);
    settle();
    await flushed;
    assert.deepEqual(sizes, [2, 2, 3, 4]);
    settle();
    await turn();
    assert.deepEqual([balanced(processor).acknowledged, balanced(processor).pending], [11, 0]);
  });

  test('does not wait for the end of a pause', async () => {
    const { end, processor, sizes, settle } = asking({ maxExportBatchSize: 2 });
    end(2);
    settle({ unknown: 2, retryMillis: NEVER });
    await turn();
    assert.equal(balanced(processor).pending, 2);
    const flushed = processor.forceFlush({ _firstRequestBytes: 1 });
    assert.deepEqual(sizes, [2, 2]);
    settle();
    await flushed;
    assert.equal(balanced(processor).acknowledged, 2);
  });
});

test('a flush without spans needs no timer, which Workers forbid while a module loads', async (t) => {
  const log = diagnosticLog(t);
  const processor = new BatchSpanProcessor(counting().exporter);
  t.mock.method(globalThis, 'setTimeout', () => {
    throw new Error('disallowed at module scope');
  });
  assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 0 });
  assert.deepEqual(log, []);
});

test('when a page is left, an exporter of spans gets many batches in few calls', async (t) => {
  diagnosticLog(t);
  const calls: number[] = [];
  const processor = new BatchSpanProcessor(
    {
      async export(spans: ReadableSpan[]) {
        calls.push(spans.length);
        await turn();
      },
    },
    { maxExportBatchSize: 1 },
  );
  endedSpansInto(processor)(30_000);
  await processor.forceFlush({ _firstRequestBytes: 64 * 1024, timeoutMillis: 5_000 });
  assert.deepEqual([calls.length < 10, balanced(processor).acknowledged], [true, 30_000]);
});

test('a request of very many batches that is too large is sent in parts', async (t) => {
  diagnosticLog(t);
  const exporter: BatchingExporter<CountedBatch> = {
    createBatch: () => new CountedBatch(),
    send: (batches) =>
      batches.length > 1_000 ? { dropped: spansOf(batches), reason: 'too_large' } : acknowledged(batches),
  };
  const processor = new BatchSpanProcessor(exporter, {
    maxExportBatchSize: 1,
    maxQueueSize: 400_000,
    maxQueueBytes: 2 ** 30,
  });
  const end = endedSpansInto(processor);
  end(200_000);
  await processor.forceFlush();
  assert.equal(balanced(processor).acknowledged, 200_000);
});

describe('a full queue', () => {
  test('drops further spans, counts them, warns once and accepts spans again when it has room', async (t) => {
    const { collector, end, processor, release, log } = await held(t, { maxExportBatchSize: 4, maxQueueSize: 10 });
    const ids = end(25);
    assert.deepEqual(balanced(processor).dropped, { queue_full: 15 });
    assert.deepEqual(
      log.map(({ code, level }) => [code, level]),
      [['queue_full', 'error']],
    );
    assert.match(log[0].message, /10 spans.*maxQueueSize/);
    release();
    await processor.forceFlush();
    const later = end(3);
    await processor.forceFlush();
    assert.deepEqual(idsOf(collector.spans()), [...ids.slice(0, 10), ...later]);
    assert.deepEqual(balanced(processor).dropped, { queue_full: 15 });
  });

  test('is also one that reaches maxQueueBytes', async (t) => {
    const { collector, end, processor, release } = await held(t, { maxQueueBytes: 10_000 });
    end(100, { text: 'x'.repeat(1_000) });
    const { pending, dropped } = balanced(processor);
    // Each span takes a little over 1,000 bytes, and the span that exceeds the limit is still accepted.
    assert.ok(pending >= 9 && pending <= 10, String(pending));
    assert.equal(dropped.queue_full, 100 - pending);
    release();
    await processor.forceFlush();
    assert.equal(collector.spans().length, pending);
    assert.equal(end(1).length, 1);
    assert.equal(balanced(processor).dropped.queue_full, 100 - pending);
  });
});

describe('an answer', () => {
  for (const [status, reason, remedy] of [
    [400, 'refused', /400/],
    [401, 'refused', /OTEL_EXPORTER_OTLP_HEADERS/],
    [403, 'refused', /OTEL_EXPORTER_OTLP_HEADERS/],
    [404, 'refused', /\/v1\/traces/],
    [413, 'too_large', /maxExportBatchSize/],
    [500, 'refused', /500/],
  ] as const) {
    test(`with status ${status} drops the spans as ${reason} and says where, why and what to do`, async (t) => {
      const { end, processor, collector, log } = await started(
        t,
        {},
        { answer: () => ({ status, body: 'bad thing' }) },
      );
      end(3);
      const flushed = await hurried(processor);
      assert.deepEqual(flushed, { exported: 0, pending: 0, dropped: 3 });
      assert.deepEqual(balanced(processor).dropped, { [reason]: 3 });
      assert.deepEqual(
        log.map(({ code, level }) => [code, level]),
        [['export_failed', 'error']],
      );
      const [{ message }] = log;
      assert.ok(
        message.startsWith(
          `export_failed: 3 of 3 spans not acknowledged: ${collector.endpoint} answered ${status} "bad thing"`,
        ),
        message,
      );
      assert.match(message, remedy);
    });
  }

  test('of partial success counts what was rejected and repeats the message of the server', async (t) => {
    const partialSuccess = { rejectedSpans: 2, errorMessage: 'too\nold' };
    const { end, processor, log } = await started(t, {}, { answer: () => ({ partialSuccess }) });
    end(5);
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 2 });
    const { acknowledged, rejected } = balanced(processor);
    assert.deepEqual([acknowledged, rejected], [3, 2]);
    assert.deepEqual(
      log.map(({ code }) => code),
      ['spans_rejected'],
    );
    assert.match(
      log[0].message,
      /^spans_rejected: 2 of 5 spans not acknowledged: http:\/\/.*\/v1\/traces answered 200 "too old": the receiver .*some/,
    );
  });

  test('that rejects more spans than there were counts only those', async (t) => {
    const { end, processor } = await started(t, {}, { answer: () => ({ partialSuccess: { rejectedSpans: 100 } }) });
    end(5);
    await processor.forceFlush();
    assert.equal(balanced(processor).rejected, 5);
  });

  test('that rejects nothing but has a message is a warning', async (t) => {
    const partialSuccess = { rejectedSpans: 0, errorMessage: 'use gRPC' };
    const { end, processor, log } = await started(t, {}, { answer: () => ({ partialSuccess }) });
    end(5);
    assert.deepEqual(await processor.forceFlush(), { exported: 5, pending: 0, dropped: 0 });
    assert.deepEqual(
      log.map(({ code, level }) => [code, level]),
      [['server_warning', 'warn']],
    );
    assert.match(log[0].message, /"use gRPC"/);
  });

  test('of success that is not OTLP is success', async (t) => {
    const answers = [
      { headers: { 'content-type': 'text/html' }, body: '<html>' },
      { headers: { 'content-type': 'application/x-protobuf' }, body: new Uint8Array([0x0a, 0xff, 0xff]) },
      { status: 202, body: '' },
    ];
    const { end, processor, log } = await started(t, {}, { answer: ({ index }) => answers[index] });
    for (const _ of answers) {
      end(1);
      await processor.forceFlush();
    }
    assert.equal(balanced(processor).acknowledged, 3);
    assert.deepEqual(log, []);
  });
});

describe('without an answer', () => {
  test('spans stay if no server listens, and arrive when one does again', async (t) => {
    const { collector, end, processor, log } = await started(t);
    await collector.close();
    const ids = end(2);
    assert.deepEqual(await hurried(processor, 2), { exported: 0, pending: 2, dropped: 0 });
    const [{ message }] = log;
    assert.ok(message.startsWith(`export_delayed: 2 spans waiting: ${collector.endpoint} did not answer`), message);
    for (const part of [/ECONNREFUSED/, /is a collector listening there\?/]) assert.match(message, part);
    const back = await startCollector({ port: collector.port });
    t.after(() => back.close());
    ids.push(...end(3));
    assert.deepEqual(await hurried(processor), { exported: 5, pending: 0, dropped: 0 });
    assert.deepEqual(idsOf(back.spans()), ids);
  });

  for (const fault of ['reset', 'cut', 'silence'] as const) {
    test(`spans stay when the connection ends in a ${fault}, and arrive after the next ones`, async (t) => {
      const { collector, end, processor, log } = await started(
        t,
        { maxExportBatchSize: 3 },
        // The status does not count, since the response is incomplete or the status is retryable.
        {
          answer: ({ index }) =>
            index === 0 ? { status: fault === 'cut' ? 503 : 200, fault, body: 'half' } : undefined,
        },
        { timeoutMillis: 200 },
      );
      const first = end(2);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 2, dropped: 0 });
      const next = end(3);
      assert.deepEqual(await hurried(processor), { exported: 5, pending: 0, dropped: 0 });
      assert.deepEqual(idsOf(collector.spans()).sort(), [...first, ...next].sort());
      assert.deepEqual(log, []);
      await until(() => collector.requests[0].state === 'aborted');
    });
  }

  test('an export is given up after exportTimeoutMillis, and the next one starts', async (t) => {
    const { collector, end, processor, log } = await started(
      t,
      { exportTimeoutMillis: 50, maxExportBatchSize: 2 },
      { answer: ({ index }) => (index === 0 ? { fault: 'silence' } : undefined) },
    );
    end(4);
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 2 });
    assert.equal(balanced(processor).unknown, 2);
    assert.match(log[0].message, /^export_failed: 2 of 2 spans not acknowledged: .* \(no answer within 50 ms\)/);
    assert.equal(collector.peakConcurrency <= 2, true);
    await until(() => collector.requests[0].state === 'aborted');
  });

  test('an exporter that ignores the signal is given up', async (t) => {
    const log = diagnosticLog(t);
    const exporter = new HeldExporter();
    const processor = new BatchSpanProcessor(exporter, { exportTimeoutMillis: 20 });
    endedSpansInto(processor)(2);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 2 });
    assert.equal(balanced(processor).unknown, 2);
    assert.deepEqual(
      log.map(({ message }) => message),
      ['export_failed: 2 of 2 spans not acknowledged: no answer within 20 ms'],
    );
    // Too late: the spans are already counted.
    exporter.settle({ acknowledged: 2 });
    await turn();
    assert.equal(balanced(processor).acknowledged, 0);
  });

  test('an export may take forever if the time-outs are infinite', async (t) => {
    const { end, processor, release } = await held(
      t,
      { exportTimeoutMillis: Infinity, scheduledDelayMillis: Infinity },
      { timeoutMillis: Infinity },
    );
    end(1);
    const flushed = processor.forceFlush({ timeoutMillis: Infinity });
    // Guards against a timer that overflows, which would fire after a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(balanced(processor).pending, 1);
    release();
    assert.deepEqual(await flushed, { exported: 1, pending: 0, dropped: 0 });
  });
});

describe('forceFlush', () => {
  test('covers spans in flight', async (t) => {
    const { collector, end, processor, release } = await held(t, { maxExportBatchSize: 2 });
    end(2);
    await collector.received(1);
    let isDone = false;
    const flushed = processor.forceFlush().then((result) => {
      isDone = true;
      return result;
    });
    await turn();
    assert.equal(isDone, false);
    release();
    assert.deepEqual(await flushed, { exported: 2, pending: 0, dropped: 0 });
  });

  test('does not wait for spans that end after it was called', async (t) => {
    let last = () => {};
    const { collector, end, processor } = await started(
      t,
      { maxExportBatchSize: 2 },
      {
        answer: ({ index }) =>
          index === 0
            ? undefined
            : new Promise((resolve) => {
                last = () => resolve(undefined);
              }),
      },
    );
    end(2);
    const flushed = processor.forceFlush();
    end(2);
    assert.deepEqual(await flushed, { exported: 2, pending: 2, dropped: 0 });
    await collector.received(2);
    last();
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 0 });
  });

  test('called several times at once resolves when all spans are sent, and sends nothing twice', async (t) => {
    const { collector, end, processor, release } = await held(t, { maxExportBatchSize: 2 });
    const ids = end(3);
    const flushes = [processor.forceFlush(), processor.forceFlush()];
    end(1);
    flushes.push(processor.forceFlush());
    release();
    const results = await Promise.all(flushes);
    assert.deepEqual(
      results.map(({ pending }) => pending),
      [0, 0, 0],
    );
    assert.equal(collector.peakConcurrency, 1);
    assert.equal(new Set(idsOf(collector.spans())).size, 4);
    assert.deepEqual(idsOf(collector.spans()).slice(0, 3), ids);
    assert.equal(collector.spans().length, 4);
  });

  test('stops waiting at its deadline and aborts nothing', async (t) => {
    const { collector, end, processor, release } = await held(t);
    end(2);
    assert.deepEqual(await processor.forceFlush({ timeoutMillis: 20 }), { exported: 0, pending: 2, dropped: 0 });
    assert.deepEqual(
      collector.requests.map(({ state }) => state),
      ['open'],
    );
    release();
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 1);
  });

  test('without spans makes no request', async (t) => {
    const { collector, processor } = await started(t);
    assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 0);
  });
});

describe('shutdown', () => {
  test('aborts requests and drops waiting spans at its deadline, and counts both', async (t) => {
    const { collector, end, processor, log } = await held(t, { maxExportBatchSize: 2 });
    end(5);
    await collector.received(1);
    assert.deepEqual(await processor.shutdown({ timeoutMillis: 20 }), { exported: 0, pending: 0, dropped: 5 });
    const { unknown, dropped } = balanced(processor);
    assert.deepEqual([unknown, dropped], [2, { shutdown: 3 }]);
    assert.ok(log.some(({ code, message }) => code === 'shutdown' && /^shutdown: 3\b.* dropped/.test(message)));
    await until(() => collector.requests[0].state === 'aborted');
    assert.equal(collector.requests.length, 1);
  });

  test('does not report dropped spans if only a request was aborted', async (t) => {
    const { end, processor, log } = await held(t);
    end(2);
    await processor.shutdown({ timeoutMillis: 20 });
    assert.equal(balanced(processor).unknown, 2);
    assert.deepEqual(
      log.map(({ code }) => code),
      ['export_failed'],
    );
  });

  test('refuses spans after the call, and counts them', async (t) => {
    const { collector, end, processor, log } = await started(t);
    end(1);
    const done = processor.shutdown();
    end(2);
    assert.deepEqual(await done, { exported: 1, pending: 0, dropped: 2 });
    end(3);
    assert.deepEqual(balanced(processor).dropped, { shutdown: 5 });
    assert.equal(collector.spans().length, 1);
    assert.deepEqual(
      log.map(({ code }) => code),
      ['shutdown'],
    );
  });

  test('a second time does nothing and returns the same', async (t) => {
    diagnosticLog(t);
    let shutdowns = 0;
    const exporter = Object.assign(new HeldExporter(), { shutdown: () => void shutdowns++ });
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(1);
    const [first, second] = [processor.shutdown({ timeoutMillis: 1 }), processor.shutdown()];
    assert.equal(first, second);
    assert.deepEqual(await first, await processor.shutdown());
    assert.equal(shutdowns, 1);
    await processor.forceFlush();
    assert.equal(balanced(processor).pending, 0);
  });

  for (const [what, shutdown] of [
    ['throws', () => assert.fail('no shutdown today')],
    ['rejects', () => Promise.reject(new Error('no shutdown today'))],
  ] as const) {
    test(`survives an exporter whose shutdown ${what}`, async (t) => {
      const log = diagnosticLog(t);
      await new BatchSpanProcessor(Object.assign(new HeldExporter(), { shutdown })).shutdown();
      assert.match(log[0].message, /no shutdown today/);
    });
  }

  test('does not wait forever for an exporter whose shutdown never ends', async (t) => {
    diagnosticLog(t);
    const exporter = Object.assign(new HeldExporter(), { shutdown: () => new Promise<void>(() => {}) });
    await new BatchSpanProcessor(exporter).shutdown({ timeoutMillis: 10 });
  });
});

describe('the exporter', () => {
  test('is not called recursively, even if it ends a span', (t) => {
    diagnosticLog(t);
    let calls = 0;
    let deepest = 0;
    let end: EndSpans = () => [];
    const exporter: BatchingExporter<CountedBatch> = {
      isUntraced: true,
      createBatch: () => new CountedBatch(),
      send(batches) {
        deepest = Math.max(deepest, ++calls);
        if (deepest < 3 && processor.stats().ended < 3) end(1);
        calls--;
        return acknowledged(batches);
      },
    };
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1 });
    end = endedSpansInto(processor);
    end(1);
    assert.equal(deepest, 1);
    assert.equal(balanced(processor).acknowledged, 3);
  });

  test('runs with tracing suppressed, so that it does not export its own spans', async () => {
    let ended = 0;
    const traced = (isRecording: boolean) => {
      const span = tracer.startSpan('of the exporter');
      assert.equal(span.isRecording(), isRecording);
      span.end();
    };
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send(batches) {
        traced(false);
        return acknowledged(batches);
      },
      forceFlush: () => traced(false),
      shutdown: () => traced(false),
    };
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1 });
    const counter = { onEnd: () => ended++, forceFlush: async () => {}, shutdown: async () => {} };
    const tracer = new TracerProvider({ spanProcessors: [processor, counter] }).getTracer('test');
    traced(true);
    await processor.forceFlush();
    await processor.shutdown();
    assert.deepEqual([ended, balanced(processor).acknowledged], [1, 1]);
  });

  test('that throws or rejects loses its spans and nothing else', async (t) => {
    const log = diagnosticLog(t);
    const failures = [() => assert.fail('thrown'), () => Promise.reject(new Error('rejected'))];
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send: (batches) => failures.shift()?.() ?? acknowledged(batches),
    };
    const processor = new BatchSpanProcessor(exporter);
    const end = endedSpansInto(processor);
    for (const dropped of [1, 2, 2]) {
      end(1);
      await processor.forceFlush();
      assert.deepEqual(balanced(processor).dropped, { export_failed: dropped });
    }
    assert.equal(balanced(processor).acknowledged, 1);
    assert.match(log[0].message, /^export_failed: 1 of 1 spans not acknowledged: thrown$/);
  });

  test('that is busy compacts waiting batches, more so if there are many', () => {
    const shares: number[] = [];
    class Compacted extends CountedBatch {
      compact(share: number): void {
        shares.push(share);
      }
    }
    const exporter = { createBatch: () => new Compacted(), send: () => new Promise<never>(() => {}) };
    const options = { maxExportBatchSize: 10, maxQueueBytes: 8_000 };
    endedSpansInto(new BatchSpanProcessor(exporter, options))(60);
    // Each batch has a thousand bytes. The first has been sent, and two wait when a quarter of the queue is full.
    assert.deepEqual(shares, [0.5, 0.5, 0.875, 0.875, 0.875]);
  });

  for (const retryMillis of [0, -1, Number.NaN, '0'] as number[]) {
    test(`that asks for a pause of ${String(retryMillis)} does not block the event loop`, async (t) => {
      diagnosticLog(t);
      let sends = 0;
      const exporter: BatchingExporter<CountedBatch> = {
        createBatch: () => new CountedBatch(),
        send: (batches) => (++sends < 3 ? { dropped: spansOf(batches), retryMillis } : acknowledged(batches)),
      };
      const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1 });
      endedSpansInto(processor)(1);
      assert.equal(sends, 1);
      // The retries happen on their own.
      await until(() => balanced(processor).acknowledged === 1);
      assert.equal(sends, 3);
    });
  }

  test('that asks for a pause of null gets none', async (t) => {
    diagnosticLog(t);
    const retryMillis = null as unknown as number;
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send: (batches) => ({ acknowledged: spansOf(batches), retryMillis }),
    };
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(2);
    assert.deepEqual(await processor.forceFlush(), { exported: 2, pending: 0, dropped: 0 });
  });

  test('whose batch refuses a span does not delay a flush', async (t) => {
    diagnosticLog(t);
    let flushed: Promise<unknown> | undefined;
    class Failing extends CountedBatch {
      override add(): void {
        flushed = processor.forceFlush();
        throw new Error('full');
      }
    }
    const processor = new BatchSpanProcessor({
      createBatch: () => new Failing(),
      send: () => assert.fail('there is nothing to be sent'),
    });
    endedSpansInto(processor)(1);
    assert.deepEqual(await flushed, { exported: 0, pending: 0, dropped: 1 });
    assert.deepEqual(balanced(processor).dropped, { encode_failed: 1 });
  });

  test('whose batch flushes while a span is added sends that span', async () => {
    let flushed: Promise<unknown> | undefined;
    class Flushing extends CountedBatch {
      override add(span: ReadableSpan): void {
        flushed = processor.forceFlush();
        super.add(span);
      }
    }
    const processor = new BatchSpanProcessor({
      createBatch: () => new Flushing(),
      send: async (batches) => acknowledged(batches),
    });
    endedSpansInto(processor)(1);
    assert.deepEqual(await flushed, { exported: 1, pending: 0, dropped: 0 });
  });

  test('whose batch refuses spans does not end a flush that waits for others', async (t) => {
    diagnosticLog(t);
    class Failing extends CountedBatch {
      override add(span: ReadableSpan): void {
        if (isFailing) throw new Error('full');
        super.add(span);
      }
    }
    let isFailing = false;
    let answer: (outcome: ExportOutcome) => void = () => {};
    const processor = new BatchSpanProcessor({
      createBatch: () => new Failing(),
      send: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const end = endedSpansInto(processor);
    end(3);
    const flushed = processor.forceFlush();
    isFailing = true;
    end(3);
    answer({ acknowledged: 3 });
    assert.deepEqual(await flushed, { exported: 3, pending: 0, dropped: 3 });
  });

  test('that returns incomplete outcomes is reported', async (t) => {
    const log = diagnosticLog(t);
    const outcomes = [{ dropped: 1 }, {}, undefined as unknown as ExportOutcome];
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send: () => outcomes.shift() as ExportOutcome,
    };
    const processor = new BatchSpanProcessor(exporter);
    const end = endedSpansInto(processor);
    for (const dropped of [1, 2, 3]) {
      end(dropped);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped });
    }
    assert.match(log[0].message, /^export_failed: 1 of 1 spans not acknowledged: no reason given$/);
  });

  test('that returns impossible counts or pauses does not corrupt the counters', async (t) => {
    diagnosticLog(t);
    const outcomes: unknown[] = [
      { acknowledged: 100, rejected: 5 },
      { acknowledged: -3, rejected: Number.NaN, dropped: '2' },
      { acknowledged: Infinity },
      { rejected: 1, dropped: 9, reason: 'refused' },
      { dropped: 2, retryMillis: Number.NaN },
      { unknown: 2, retryMillis: -Infinity },
      { dropped: 2, retryMillis: '5' },
      { acknowledged: 1, rejected: 1n },
      { acknowledged: 1n, why: Symbol('why') },
      { dropped: 2, reason: '__proto__' },
      { dropped: 2, reason: Symbol('reason'), why: { toString: null } },
      { unknown: 2, retryMillis: 2n, why: Symbol('why') },
      { acknowledged: Symbol('2') },
      {
        get acknowledged() {
          return assert.fail('unreadable');
        },
      },
      null,
      { dropped: 2, reason: 'refused' },
    ];
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send: async () => outcomes.shift() as ExportOutcome,
    };
    const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: NEVER });
    const end = endedSpansInto(processor);
    while (outcomes.length > 0) {
      end(2);
      await processor.forceFlush();
      balanced(processor);
    }
    await processor.shutdown();
    assert.equal(balanced(processor).pending, 0);
  });

  test('that does not account for all spans counts the others as unknown, which is reported', async (t) => {
    const log = diagnosticLog(t);
    const outcomes = [undefined, {}, { acknowledged: 1, why: 'one was enough' }] as ExportOutcome[];
    const exporter: BatchingExporter<CountedBatch> = {
      createBatch: () => new CountedBatch(),
      send: async () => outcomes.shift() as ExportOutcome,
    };
    const processor = new BatchSpanProcessor(exporter);
    const end = endedSpansInto(processor);
    for (const unknown of [2, 4, 5]) {
      end(2);
      await processor.forceFlush();
      assert.equal(balanced(processor).unknown, unknown);
    }
    assert.deepEqual(
      log.map(({ message }) => message),
      ['export_failed: 2 of 2 spans not acknowledged: no reason given'],
    );
  });

  test('that fails to create or compact a batch loses nothing', async (t) => {
    const log = diagnosticLog(t);
    class Rigid extends CountedBatch {
      compact(): void {
        throw new Error('no smaller');
      }
    }
    let isOut = false;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const exporter: BatchingExporter<Rigid> = {
      createBatch: () => (isOut ? assert.fail('no more') : new Rigid()),
      send: async (batches) => {
        await held;
        return acknowledged(batches);
      },
    };
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 2, scheduledDelayMillis: 1 });
    const end = endedSpansInto(processor);
    end(2);
    isOut = true;
    end(3);
    await until(() => log.length > 0);
    isOut = false;
    end(2);
    assert.equal(balanced(processor).pending, 7);
    release();
    await processor.shutdown();
    assert.deepEqual([balanced(processor).acknowledged, balanced(processor).pending], [7, 0]);
    assert.match(log[0].message, /^export_failed: no more/);
  });

  test('gets its spans even if the application has repeatedly exhausted its stack', async (t) => {
    diagnosticLog(t);
    const { processor, end } = await started(t, { maxExportBatchSize: 8, scheduledDelayMillis: 1 });
    const simple = new SimpleSpanProcessor(new InMemorySpanExporter());
    const tracer = new TracerProvider({ spanProcessors: [processor, simple] }).getTracer('recursive');
    const deeper = (level: number): number => {
      const span = tracer.startSpan(`level ${level}`, { attributes: { level } });
      span.addEvent('here', { level }).recordException(new Error('deep'));
      span.end();
      return deeper(level + 1);
    };
    const after = (frames: number): number => (frames > 0 ? after(frames - 1) : deeper(0));
    // Each time, the stack overflows at another point.
    for (let frames = 0; frames < 6; frames++) assert.throws(() => after(frames), RangeError);
    for (const each of [processor, simple]) {
      await each.forceFlush();
      const { acknowledged, pending } = balanced(each);
      assert.ok(acknowledged > 1_000);
      assert.equal(pending, 0);
    }
    const before = processor.stats().acknowledged;
    end(1);
    await processor.forceFlush();
    assert.equal(balanced(processor).acknowledged, before + 1);
  });

  test('whose batch throws for a span loses only that span', async (t) => {
    const log = diagnosticLog(t);
    class Picky extends CountedBatch {
      override add(span: ReadableSpan): void {
        if (span.name === 'span 1') throw new Error('not this one');
        super.add(span);
      }
    }
    const exporter = { createBatch: () => new Picky(), send: acknowledged };
    const processor = new BatchSpanProcessor(exporter);
    endedSpansInto(processor)(3);
    await processor.forceFlush();
    assert.deepEqual([balanced(processor).acknowledged, balanced(processor).dropped], [2, { encode_failed: 1 }]);
    assert.match(log[0].message, /not this one/);
  });
});

describe('a span whose trace state, while it is serialized,', () => {
  const acts: [what: string, act: (end: EndSpans, processor: BatchSpanProcessor) => unknown][] = [
    ['ends a span', (end) => end(1)],
    ['fills the batch', (end) => end(7)],
    ['flushes', (end, processor) => end(1) && processor.forceFlush()],
  ];
  for (const [what, act] of acts) {
    test(`${what} is sent along with the others`, async (t) => {
      const { collector, end, processor } = await started(t, { maxExportBatchSize: 5, maxQueueBytes: 4_000 });
      let isAsked = false;
      const serialize = () => {
        if (!isAsked) {
          isAsked = true;
          act(end, processor);
          balanced(processor);
          isAsked = false;
        }
        return 'a=1';
      };
      const traceState = { serialize } as TraceState;
      const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, traceState };
      const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test') as SpanTracer;
      // More bytes than the queue may hold, to see that sent spans free theirs.
      for (let round = 0; round < 50; round++) {
        tracer.startChild('outside', undefined, parent).end();
        await processor.forceFlush();
      }
      const { acknowledged, ended } = balanced(processor);
      assert.equal(acknowledged, ended);
      assert.equal(collector.requests.flatMap(({ spans }) => spans).length, ended);
    });
  }
});

test('a shutdown reports what it drops after counting it once', async (t) => {
  diagnosticLog(t);
  const processor = new BatchSpanProcessor(new HeldExporter());
  const sums: number[] = [];
  processState.onDiagnostic = () => {
    const { ended, unknown, pending, dropped } = processor.stats();
    sums.push(ended - unknown - pending - (dropped.shutdown ?? 0));
  };
  const end = endedSpansInto(processor);
  end(2);
  void processor.forceFlush();
  end(3);
  await processor.shutdown({ timeoutMillis: 1 });
  assert.deepEqual([new Set(sums), balanced(processor).dropped], [new Set([0]), { shutdown: 3 }]);
});

test('spans that are not sampled are neither sent nor counted', async (t) => {
  const { collector, processor } = await started(t);
  const shouldSample = () => ({ decision: SamplingDecision.RECORD });
  for (const sampler of [new AlwaysOffSampler(), { shouldSample }]) {
    new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer('test').startSpan('unsampled').end();
  }
  await processor.forceFlush();
  assert.equal(balanced(processor).ended, 0);
  assert.equal(collector.requests.length, 0);
});

describe('an option', () => {
  for (const [options, message] of [
    [{ maxQueueSize: 0 }, /maxQueueSize: 0 is not a number of at least 1/],
    [{ maxQueueBytes: Number.NaN }, /maxQueueBytes: NaN/],
    [{ scheduledDelayMillis: '5' }, /scheduledDelayMillis: "5"/],
    [{ maxRequestBytes: 64 * 1024 * 1024 + 1 }, /maxRequestBytes: 67108865 is more than 64 MiB/],
    [{ maxBatchSize: 5 }, /maxBatchSize: unknown option; known options are .*maxExportBatchSize/],
  ] as const) {
    test(`is refused, with its name: ${JSON.stringify(options)}`, () => {
      assert.throws(() => new BatchSpanProcessor(new HeldExporter(), options as BatchSpanProcessorOptions), {
        name: 'RangeError',
        message,
      });
    });
  }

  test('that is undefined has its default', async (t) => {
    const { end, collector, processor } = await started(t, { maxExportBatchSize: undefined });
    end(511);
    assert.equal(balanced(processor).pending, 511);
    await turn();
    assert.equal(collector.requests.length, 0);
    end(1);
    const [request] = await collector.received(1);
    assert.equal(request.spans.length, 512);
  });
});

describe('the counters are exact at every step', () => {
  type Step =
    | { do: 'end'; count: number }
    | { do: 'settle'; how: number; share: number }
    | { do: 'flush' | 'shutdown' | 'turn' };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('end' as const), count: fc.integer({ min: 1, max: 20 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        how: fc.nat(7),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'turn' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'shutdown' as const) }) },
  );

  test('of a random schedule', async (t) => {
    diagnosticLog(t);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const exporter = new HeldExporter();
        const processor = new BatchSpanProcessor(exporter, {
          maxExportBatchSize: 7,
          maxQueueSize: 40,
          maxRequestBytes: 2_000,
        });
        const end = endedSpansInto(processor);
        const flushes: Promise<unknown>[] = [];
        let ended = 0;
        for (const given of steps) {
          if (given.do === 'end') ended += end(given.count).length;
          if (given.do === 'settle') exporter.settleAs(given.how, given.share);
          if (given.do === 'flush') flushes.push(processor.forceFlush());
          if (given.do === 'shutdown') flushes.push(processor.shutdown());
          if (given.do === 'turn') await turn();
          assert.equal(balanced(processor).ended, ended);
          assert.ok(balanced(processor).pending <= 40);
        }
        const finished = processor.shutdown();
        while (balanced(processor).pending > 0) {
          exporter.settleAs(0, 1);
          await turn();
        }
        await Promise.all([...flushes, finished]);
        assert.equal(balanced(processor).ended, ended);
      }),
      { numRuns: 200 },
    );
  });

  test('whatever a collector does: spans that arrived are acknowledged or unknown', async (t) => {
    diagnosticLog(t);
    const answer: fc.Arbitrary<CollectorAnswer> = fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      fc.record({ status: fc.constantFrom(400, 404, 413, 429, 500, 503) }),
      fc.record({ fault: fc.constantFrom('reset' as const, 'cut' as const, 'silence' as const) }),
      fc.record({ delayMillis: fc.nat(5) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
        async (answers, counts) => {
          const collector = await startCollector({ answer: ({ index }) => answers[index] });
          const send = createHttpFetch(collector.endpoint);
          let unanswered = 0;
          const fetch: FetchLike = (url, init) =>
            send(url, init).catch((error) => {
              unanswered++;
              throw error;
            });
          const exporter = new OtlpHttpExporter({ url: collector.endpoint, timeoutMillis: 60, fetch });
          const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 8, maxQueueSize: 100 });
          const end = endedSpansInto(processor);
          for (const count of counts) {
            end(count);
            await turn();
            balanced(processor);
          }
          await hurried(processor);
          await processor.shutdown();
          const { acknowledged: taken, unknown, pending } = balanced(processor);
          const received = idsOf(collector.spans());
          const distinct = new Set(received).size;
          assert.equal(pending, 0);
          const seen = JSON.stringify([answers, balanced(processor), received.length, sizesOf(collector.requests)]);
          // A request that got an answer is not repeated, and requests do not overlap.
          assert.ok(unanswered > 0 || distinct === received.length, seen);
          assert.ok(unanswered > 0 || collector.peakConcurrency === 1, seen);
          assert.ok(taken <= distinct && distinct <= taken + unknown, seen);
          await collector.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** Starts a processor that sends to a collector over HTTP. */
async function started(
  t: TestContext,
  options: BatchSpanProcessorOptions = {},
  collectorOptions?: CollectorOptions,
  exporterOptions?: { timeoutMillis?: number },
) {
  const collector = await startCollector(collectorOptions);
  const exporter = new OtlpHttpExporter({ url: collector.endpoint, ...exporterOptions });
  const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: NEVER, ...options });
  // Registered before the log is closed, so that diagnostics at the end are logged, too.
  t.after(async () => {
    await processor.shutdown({ timeoutMillis: 1 });
    await collector.close();
  });
  return { collector, exporter, processor, end: endedSpansInto(processor), log: diagnosticLog(t) };
}

/** The same, but the collector answers only after `release`. */
async function held(
  t: TestContext,
  options: BatchSpanProcessorOptions = {},
  exporterOptions?: { timeoutMillis?: number },
) {
  let release = () => {};
  const released = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  return { ...(await started(t, options, { answer: () => released }, exporterOptions)), release };
}

/** A batch that only counts, with a hundred bytes per span. */
class CountedBatch implements SpanBatch {
  spanCount = 0;

  get byteLength(): number {
    return this.spanCount * 100;
  }

  add(_span: ReadableSpan): void {
    this.spanCount++;
  }
}

/** Returns an exporter that accepts everything, and a function that returns how many spans it has accepted. */
function counting(): { exporter: BatchingExporter<CountedBatch>; exported: () => number } {
  let taken = 0;
  const send = (batches: readonly CountedBatch[]): ExportOutcome => {
    taken += spansOf(batches);
    return acknowledged(batches);
  };
  return { exporter: { createBatch: () => new CountedBatch(), send }, exported: () => taken };
}

/** An exporter whose exports settle on demand. It fails the test if it is called before that. */
class HeldExporter implements BatchingExporter<CountedBatch> {
  calls = 0;
  private open:
    | { spans: number; resolve: (outcome: ExportOutcome) => void; reject: (error: Error) => void }
    | undefined;

  createBatch(): CountedBatch {
    return new CountedBatch();
  }

  send(batches: readonly CountedBatch[]): Promise<ExportOutcome> {
    assert.equal(this.open, undefined, 'a second export beside the first');
    this.calls++;
    const spans = spansOf(batches);
    return new Promise((resolve, reject) => {
      this.open = { spans, resolve, reject };
    });
  }

  settle(outcome: ExportOutcome): void {
    this.open?.resolve(outcome);
    this.open = undefined;
  }

  /** Settles in one of eight ways, some of which divide the spans. */
  settleAs(how: number, share: number): void {
    if (this.open === undefined) return;
    const { spans, reject } = this.open;
    const part = Math.floor(spans * share);
    if (how === 0) this.settle({ acknowledged: spans });
    else if (how === 1) this.settle({ acknowledged: spans - part, rejected: part });
    else if (how === 2) this.settle({ unknown: spans });
    else if (how === 3) this.settle({ dropped: part, acknowledged: spans - part, reason: 'too_large' });
    else if (how === 4) this.settle({ dropped: spans });
    else if (how === 5) this.settle({ dropped: spans, reason: 'refused', retryMillis: 2 * share });
    else if (how === 6) this.settle({ unknown: spans, retryMillis: 2 * share });
    else {
      this.open = undefined;
      reject(new Error('failed'));
    }
  }
}

function acknowledged(batches: readonly SpanBatch[]): ExportOutcome {
  return { acknowledged: spansOf(batches) };
}

function spansOf(batches: readonly SpanBatch[]): number {
  return batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

function idsOf(spans: readonly { spanId: string }[]): string[] {
  return spans.map(({ spanId }) => spanId);
}

function sizesOf(requests: readonly { spans: readonly unknown[] }[]): number[] {
  return requests.map(({ spans }) => spans.length);
}

/** Polls a condition that emits no event. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** Returns a processor whose exporter records the spans of each call, and answers all open calls on demand. */
function asking(options: BatchSpanProcessorOptions) {
  const sizes: number[] = [];
  const open: ((outcome?: ExportOutcome) => void)[] = [];
  const processor = new BatchSpanProcessor(
    {
      createBatch() {
        let spanCount = 0;
        return {
          get spanCount() {
            return spanCount;
          },
          get byteLength() {
            return 100 * spanCount;
          },
          add() {
            spanCount++;
          },
        };
      },
      send(batches) {
        const spans = batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
        sizes.push(spans);
        return new Promise((resolve) => open.push((outcome = { acknowledged: spans }) => resolve(outcome)));
      },
    },
    options,
  );
  const settle = (outcome?: ExportOutcome) => {
    for (const answer of open.splice(0)) answer(outcome);
  };
  return { processor, sizes, settle, end: endedSpansInto(processor) };
}
