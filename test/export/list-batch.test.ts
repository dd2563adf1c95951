import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { InMemorySpanExporter as OpenTelemetryExporter } from '@opentelemetry/sdk-trace-base';
import { isTracingSuppressed, ROOT_CONTEXT } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import type { ReadableSpan } from '../../src/core/span.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../src/export/batch-options.ts';
import type { ExportResult, SpanExporter } from '../../src/export/exporter.ts';
import { diagnosticLog } from './diagnostic-log.ts';
import { balanced, endedSpansInto } from './ended-spans.ts';

type Export = SpanExporter['export'];

describe('an exporter of the user’s', () => {
  for (const [what, succeed] of [
    ['calls back at once', (_, done) => done({ code: 0 })],
    ['calls back later', (_, done) => void setImmediate(done, { code: 0 })],
    ['calls back twice', (_, done) => [done({ code: 0 }), done({ code: 1 })].at(2)],
    ['returns a promise', async () => {}],
    ['calls back and returns a promise', async (_, done) => done({ code: 0 })],
    ['calls back, then throws', (_, done) => [done({ code: 0 }), assert.fail('too late')].at(2)],
  ] as [string, Export][]) {
    test(`that ${what} has accepted the spans`, async (t) => {
      const { end, processor, log } = started(t, succeed);
      end(3);
      assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 0 });
      assert.equal(balanced(processor).acknowledged, 3);
      assert.deepEqual(log, []);
    });
  }

  for (const [what, fail, why] of [
    ['calls back with a failure', (_, done) => done({ code: 1, error: new Error('no disk') }), 'no disk'],
    ['calls back with a failure later', (_, done) => void setImmediate(done, { code: 1 }), ''],
    [
      'calls back with a failure, and returned a promise before',
      async (_, done) => void setImmediate(done, { code: 1 }),
      '',
    ],
    [
      'calls back with what cannot be read',
      (_, done) =>
        void setImmediate(done, {
          get code() {
            return assert.fail('unreadable');
          },
        }),
      '',
    ],
    ['calls back with nothing', (_, done) => done(undefined as unknown as ExportResult), ''],
    [
      'calls back with nothing later',
      (_, done) => void setImmediate(() => done(undefined as unknown as ExportResult)),
      '',
    ],
    ['throws', () => assert.fail('no disk'), 'no disk'],
    [
      'throws what is no error',
      () => {
        throw null;
      },
      'null',
    ],
    ['rejects', () => Promise.reject(new Error('no disk')), 'no disk'],
    ['is no function', undefined as unknown as Export, ''],
  ] as [string, Export, string][]) {
    test(`that ${what} loses the spans, reported once`, async (t) => {
      const { end, processor, log } = started(t, fail);
      end(3);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 3 });
      assert.deepEqual(balanced(processor).dropped, { export_failed: 3 });
      assert.deepEqual(
        log.map(({ code, level }) => [code, level]),
        [['export_failed', 'error']],
      );
      assert.match(log[0].message, /^export_failed: 3 of 3 spans not acknowledged: /);
      assert.ok(log[0].message.includes(why), log[0].message);
    });
  }

  for (const [what, stay] of [
    ['never calls back', () => {}],
    ['returns a promise that never settles', () => new Promise<void>(() => {})],
  ] as [string, Export][]) {
    test(`that ${what} is given up, and called again for the next spans`, async (t) => {
      let calls = 0;
      const exporter: Export = (spans, done) => {
        calls++;
        return stay(spans, done);
      };
      const { end, processor, log } = started(t, exporter, { exportTimeoutMillis: 20 });
      for (const unknown of [3, 6]) {
        end(3);
        assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 3 });
        assert.equal(balanced(processor).unknown, unknown);
      }
      assert.equal(calls, 2);
      assert.deepEqual(
        log.map(({ code }) => code),
        ['export_failed'],
      );
    });
  }

  test('receives a backlog in lists of maxExportBatchSize, in order of end, one at a time', async (t) => {
    const lists: string[][] = [];
    const answers: (() => void)[] = [];
    const { end, processor } = started(
      t,
      (spans, done) => {
        lists.push(spans.map(({ name }) => name));
        answers.push(() => done({ code: 0 }));
      },
      { maxExportBatchSize: 2 },
    );
    end(7);
    assert.deepEqual(lists, [['span 0', 'span 1']]);
    const flushed = processor.forceFlush();
    for (let at = 0; at < 4; at++) {
      assert.equal(lists.length, at + 1);
      answers[at]();
      await delay(1);
    }
    await flushed;
    assert.deepEqual(lists.slice(1), [['span 2', 'span 3'], ['span 4', 'span 5'], ['span 6']]);
  });

  test('is not traced, not even after an await', async (t) => {
    const seen: boolean[] = [];
    const look = () => seen.push(isTracingSuppressed(processState.contextStorage.getStore() ?? ROOT_CONTEXT));
    let trace = () => {};
    const { processor } = started(
      t,
      async () => {
        look();
        trace();
        await null;
        look();
        trace();
      },
      { maxExportBatchSize: 1 },
    );
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    trace = () => tracer.startSpan('export').end();
    tracer.startActiveSpan('request', (span) => span.end());
    await processor.forceFlush();
    assert.deepEqual(seen, [true, true]);
    assert.equal(balanced(processor).ended, 1);
  });

  test('is flushed with the processor, which waits for it, if it has forceFlush', async (t) => {
    const log = diagnosticLog(t);
    const calls: string[] = [];
    const processor = new BatchSpanProcessor({
      export: (_spans, done) => {
        calls.push('export');
        done({ code: 0 });
      },
      async forceFlush() {
        await delay(1);
        calls.push('flushed');
        if (calls.length > 2) throw new Error('no disk');
      },
    });
    endedSpansInto(processor)(1);
    assert.deepEqual(await processor.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
    assert.deepEqual(calls, ['export', 'flushed']);
    await processor.forceFlush();
    assert.deepEqual(
      log.map(({ message }) => message),
      ['export_failed: no disk'],
    );
  });

  test('is shut down with the processor, if it has shutdown', async (t) => {
    let shutdowns = 0;
    const { processor } = started(
      t,
      () => {},
      {},
      () => void shutdowns++,
    );
    await processor.shutdown();
    assert.equal(shutdowns, 1);
  });

  test('may be one of OpenTelemetry’s, which can read our spans', async (t) => {
    diagnosticLog(t);
    const exporter = new OpenTelemetryExporter();
    const processor = new BatchSpanProcessor(exporter as unknown as SpanExporter);
    endedSpansInto(processor)(2, { key: 'value' });
    await processor.forceFlush();
    assert.deepEqual(
      exporter.getFinishedSpans().map(({ name, attributes, ended }) => [name, attributes, ended]),
      [
        ['span 0', { key: 'value' }, true],
        ['span 1', { key: 'value' }, true],
      ],
    );
  });

  test('sees spans that no longer change', async (t) => {
    const seen: ReadableSpan[] = [];
    const { processor } = started(t, async (spans) => void seen.push(...spans));
    const span = new TracerProvider({ spanProcessors: [processor] }).getTracer('test').startSpan('first');
    span.setAttribute('key', 'first').end();
    span.setAttribute('key', 'second').updateName('second').end();
    await processor.forceFlush();
    assert.deepEqual(
      seen.map(({ name, attributes }) => [name, attributes]),
      [['first', { key: 'first' }]],
    );
  });
});

function started(t: TestContext, exporting: Export, options?: BatchSpanProcessorOptions, shutdown?: () => void) {
  const processor = new BatchSpanProcessor({ export: exporting, shutdown }, options);
  return { processor, end: endedSpansInto(processor), log: diagnosticLog(t) };
}
