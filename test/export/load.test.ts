import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TracerProvider } from '../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { diagnosticLog } from './diagnostic-log.ts';
import { balanced } from './ended-spans.ts';
import type { LoadReport } from './load-server.ts';

const SPANS = 200_000;
const SPANS_A_SECOND = 20_000;

test('200,000 spans, 20,000 a second, to a server that answers after 100 ms: each arrives exactly once', async (t) => {
  const log = diagnosticLog(t);
  const server = fork(fileURLToPath(new URL('load-server.ts', import.meta.url)));
  t.after(() => server.kill());
  const [port] = (await once(server, 'message')) as [number];
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: `http://127.0.0.1:${port}/v1/traces` }));
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('load');
  const start = performance.now();
  for (let n = 0; n < SPANS; await delay(5)) {
    const due = Math.min(SPANS, ((performance.now() - start) / 1_000) * SPANS_A_SECOND);
    for (; n < due; n++) {
      const span = tracer.startSpan('audio.frame', { attributes: { n, 'session.id': 'a1', codec: 'opus', vad: true } });
      span.addEvent('encoded');
      span.end();
    }
    balanced(processor);
  }
  const { pending, dropped } = await processor.shutdown();
  const { ended, acknowledged } = balanced(processor);
  assert.deepEqual([pending, dropped, ended, acknowledged, log], [0, 0, SPANS, SPANS, []]);

  server.send('report');
  const [report] = (await once(server, 'message')) as [LoadReport];
  assert.equal(report.spans, SPANS);
  assert.deepEqual(report.arrivals, Array(SPANS).fill(1));
  assert.equal(report.peakConcurrency, 1);
  // With 512 spans per request there would be 391 requests, and at most 10 a second.
  assert.ok(report.requests < 200, String(report.requests));
});
