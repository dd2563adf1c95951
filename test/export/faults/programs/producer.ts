import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { processState } from '../../../../src/core/process-state.ts';
import type { FlushOptions } from '../../../../src/core/processor.ts';
import { TracerProvider } from '../../../../src/core/provider.ts';
import type { Tracer } from '../../../../src/core/tracer.ts';
import { BatchSpanProcessor } from '../../../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../../../src/export/otlp/http.ts';
import type { ProcessorStats } from '../../../../src/export/span-counts.ts';
import { OtlpGrpcExporter } from '../../../../src/grpc/exporter.ts';
import { balanced } from '../../ended-spans.ts';
import { answerParent } from '../child.ts';
import type { Measures, ProducerOptions } from '../producer.ts';
import { AUTHORIZATION, SECRET } from '../secret.ts';

// The child process of Producer: ends spans on demand, and measures itself.

const TICK_MILLIS = 5;
// Spans that are late because another process had the core are made up for only within this limit.
const MAX_LAG_SECONDS = 0.05;
const SAMPLE_MILLIS = 100;
const MAX_PROBLEMS = 3;

let processor: BatchSpanProcessor;
let tracer: Tracer;
let text: string | undefined;
let ended = 0;
let rate = 0;
let producing: Promise<void> | undefined;

const problems: string[] = [];
const complain = (problem: string) => problems.length < MAX_PROBLEMS && problems.push(problem);
process.on('unhandledRejection', (error) => complain(`nobody caught a rejection: ${error}`));
process.on('uncaughtException', (error) => complain(`nobody caught ${error.stack}`));

const said = new Map<string, number>();
processState.onDiagnostic = ({ code, message }) => {
  // Report every diagnostic, except that of a full queue: one per dropped span would dominate the measurement.
  if (code !== 'queue_full') processState.reported.delete(code);
  said.set(code, (said.get(code) ?? 0) + 1);
  if (message.includes(SECRET)) complain(`a diagnostic has the secret in it: ${code}`);
};

const RESOLUTION_MILLIS = 10;
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
/** Converts a measured interval in nanoseconds to the delay in milliseconds. */
const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MILLIS);
loop.enable();
let peak = process.memoryUsage();
setInterval(() => {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  peak.rss = Math.max(peak.rss, rss);
  peak.heapUsed = Math.max(peak.heapUsed, heapUsed);
  peak.arrayBuffers = Math.max(peak.arrayBuffers, arrayBuffers);
}, SAMPLE_MILLIS).unref();

/** Returns the counters. Records a problem if they are wrong. */
function checked(): ProcessorStats {
  try {
    const stats = balanced(processor);
    if (stats.ended !== ended) complain(`${ended} spans were ended, and ${stats.ended} counted`);
  } catch (error) {
    complain(String(error));
  }
  return processor.stats();
}

function end(count: number): void {
  for (let at = 0; at < count; at++) {
    const n = ended++;
    const attributes = { n, 'session.id': 'a1', codec: 'opus', vad: true, text };
    const span = tracer.startSpan('audio.frame', { attributes });
    span.addEvent('encoded');
    span.end();
  }
}

async function produce(): Promise<void> {
  let last = performance.now();
  for (let owed = 0; rate > 0; await delay(TICK_MILLIS)) {
    const now = performance.now();
    owed = Math.min(owed + (rate * (now - last)) / 1_000, rate * MAX_LAG_SECONDS);
    last = now;
    const whole = Math.floor(owed);
    owed -= whole;
    end(whole);
    checked();
  }
}

answerParent({
  async start({ url, isGrpc, exporter, processor: options, textLength }: ProducerOptions) {
    await processor?.shutdown({ timeoutMillis: 1 });
    const Exporter = isGrpc ? OtlpGrpcExporter : OtlpHttpExporter;
    processor = new BatchSpanProcessor(
      new Exporter({ url, headers: { authorization: AUTHORIZATION }, ...exporter }),
      options,
    );
    tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('producer');
    text = textLength === undefined ? undefined : 'x'.repeat(textLength);
    ended = 0;
  },
  end(count: number) {
    end(count);
    return checked();
  },
  async load(wanted: number) {
    rate = wanted;
    if (wanted > 0) producing ??= produce();
    else {
      await producing;
      producing = undefined;
    }
    return checked();
  },
  stats: checked,
  async flush(options: FlushOptions) {
    await processor.forceFlush(options);
    return checked();
  },
  async shutdown(options: FlushOptions) {
    await processor.shutdown(options);
    return checked();
  },
  cpuMillis() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  async measure(): Promise<Measures> {
    const { gc } = globalThis;
    if (gc === undefined) throw new Error('the producer needs --expose-gc');
    // Memory freed in one turn may make more collectable in the next.
    for (let turn = 0; turn < 3; turn++) {
      gc();
      await delay(10);
    }
    const result: Measures = {
      now: process.memoryUsage(),
      peak,
      loopMillis: { p50: late(loop.percentile(50)), p99: late(loop.percentile(99)), max: late(loop.max) },
      said: Object.fromEntries(said),
      problems: problems.splice(0),
    };
    peak = process.memoryUsage();
    loop.reset();
    said.clear();
    return result;
  },
});
