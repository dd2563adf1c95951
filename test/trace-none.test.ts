import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  defaultConfig,
  InMemorySpanExporter,
  initialize,
  inject,
  SimpleSpanProcessor,
  shutdown,
  stats,
  withSpan,
} from '../src/index.ts';

describe('the exporter none with processors of the caller', () => {
  afterEach(async () => {
    delete process.env.TRACE_EXPORTER;
    await shutdown();
  });

  it('records only for them, if both are given in code', () => {
    const exporter = new InMemorySpanExporter();
    initialize({ exporterType: 'none', spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const carrier: Record<string, string> = {};
    withSpan('work', () => inject(carrier));
    const [span] = exporter.getFinishedSpans();
    assert.equal(span.name, 'work');
    assert.equal(carrier.traceparent.split('-')[1], span.spanContext().traceId);
    assert.equal(stats(), undefined);
  });

  it('records nothing if the environment says none', async () => {
    process.env.TRACE_EXPORTER = 'none';
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    for (const config of [{}, defaultConfig()]) {
      initialize({ ...config, spanProcessors });
      withSpan('work', (span) => assert.equal(span.isRecording(), false));
      assert.deepEqual(exporter.getFinishedSpans(), []);
      await shutdown();
    }
  });
});
