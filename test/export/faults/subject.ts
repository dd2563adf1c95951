import assert from 'node:assert/strict';
import { after, before, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attributes } from '../../../src/core/attributes.ts';
import { processState } from '../../../src/core/process-state.ts';
import type { FlushResult } from '../../../src/core/processor.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../../src/export/batch-options.ts';
import { OtlpHttpExporter, type OtlpHttpExporterOptions } from '../../../src/export/otlp/http.ts';
import type { ProcessorStats } from '../../../src/export/span-counts.ts';
import { balanced, type EndSpans, endedSpansInto } from '../ended-spans.ts';
import { type FaultServer, FaultServers } from './fault-server.ts';
import { AUTHORIZATION, SECRET } from './secret.ts';

// Much longer than this package may block the event loop, since other processes may block the machine.
const MAX_BLOCK_MILLIS = 2_000;

/** What the concurrent tests of a file share. */
export interface FaultTests {
  readonly servers: FaultServers;
  /** All diagnostics about a server so far, not only one a minute. */
  saidOf(server: FaultServer): string[];
}

/**
 * Sets up the tests of a file. Call it once in each file. After the tests, it checks that no error went uncaught, that
 * the event loop was never blocked, and that no diagnostic contained the secret.
 */
export function faultTests(): FaultTests {
  const servers = new FaultServers();
  const said: string[] = [];
  const strays: unknown[] = [];
  const onStray = (error: unknown) => strays.push(error);
  let longest = 0;
  let ticking: NodeJS.Timeout;

  before(() => {
    process.on('unhandledRejection', onStray).on('uncaughtExceptionMonitor', onStray);
    processState.onDiagnostic = ({ message }) => {
      said.push(message);
      processState.reported.clear();
    };
    let last = performance.now();
    ticking = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 20);
  });

  after(async () => {
    clearInterval(ticking);
    await servers.close();
    processState.onDiagnostic = undefined;
    process.off('unhandledRejection', onStray).off('uncaughtExceptionMonitor', onStray);
    assert.deepEqual(strays, []);
    assert.ok(longest > 0 && longest < MAX_BLOCK_MILLIS, `the event loop was held up for ${longest} ms`);
    assert.deepEqual(
      said.filter((message) => message.includes(SECRET)),
      [],
    );
  });

  return { servers, saidOf: ({ port }) => said.filter((message) => message.includes(`:${port}/`)) };
}

/** A processor that sends over HTTP, with defaults except for the given options, and a secret in its headers. */
export class Subject {
  readonly processor: BatchSpanProcessor;
  /** The ids of all ended spans. */
  readonly ids: string[] = [];
  private readonly endSpans: EndSpans;

  constructor(
    t: TestContext,
    url: string,
    exporterOptions: OtlpHttpExporterOptions = {},
    options: BatchSpanProcessorOptions = {},
  ) {
    const headers = { authorization: AUTHORIZATION };
    this.processor = new BatchSpanProcessor(new OtlpHttpExporter({ url, headers, ...exporterOptions }), options);
    this.endSpans = endedSpansInto(this.processor);
    t.after(() => this.processor.shutdown({ timeoutMillis: 1 }));
  }

  /** Ends spans and returns their ids. */
  end(count: number, attributes?: Attributes): string[] {
    const ids = this.endSpans(count, attributes);
    this.ids.push(...ids);
    this.stats();
    return ids;
  }

  /** Returns the counters, after checking them. */
  stats(): ProcessorStats {
    const stats = balanced(this.processor);
    assert.equal(stats.ended, this.ids.length);
    return stats;
  }

  async flush(): Promise<FlushResult> {
    const result = await this.processor.forceFlush();
    this.stats();
    return result;
  }

  /** Flushes until nothing is pending. Each flush makes at most one failing attempt. */
  async settle(): Promise<ProcessorStats> {
    for (let flushes = 0; this.stats().pending > 0 && flushes < 50; flushes++) await this.flush();
    return this.settled();
  }

  /** Waits until nothing is pending, without a flush. */
  async settledByItself(millis = 15_000): Promise<ProcessorStats> {
    for (const start = performance.now(); this.stats().pending > 0 && performance.now() - start < millis; )
      await delay(20);
    return this.settled();
  }

  private settled(): ProcessorStats {
    const stats = this.stats();
    assert.equal(stats.pending, 0, JSON.stringify(stats));
    return stats;
  }
}
