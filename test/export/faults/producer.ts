import type { FlushOptions } from '../../../src/core/processor.ts';
import type { BatchSpanProcessorOptions } from '../../../src/export/batch-options.ts';
import type { ProcessorStats } from '../../../src/export/span-counts.ts';
import { Child } from './child.ts';

export interface ProducerOptions {
  url: string;
  /** Over gRPC, and not over HTTP. Default: false. */
  isGrpc?: boolean;
  exporter?: { timeoutMillis?: number };
  processor?: BatchSpanProcessorOptions;
  /** Of an attribute of each span, beside four small ones. Default: there is none. */
  textLength?: number;
}

/** Bytes. */
export interface Memory {
  rss: number;
  heapUsed: number;
  arrayBuffers: number;
}

/** What a producer measures, since its start or the last time. */
export interface Measures {
  /** After a garbage collection. */
  readonly now: Memory;
  readonly peak: Memory;
  /** How late the event loop came to what was due. */
  readonly loopMillis: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Diagnostics, by code; that of a full queue counts once a minute. */
  readonly said: Readonly<Record<string, number>>;
  /** Counters that were wrong at any time, errors that nobody caught, and diagnostics with the secret in them. */
  readonly problems: readonly string[];
}

/** A process that ends spans, in which nothing else happens. */
export class Producer {
  private readonly child: Child;

  /** @param variables - Of the environment, for what Node reads at its start. */
  constructor(variables?: NodeJS.ProcessEnv) {
    this.child = new Child(new URL('programs/producer.ts', import.meta.url), ['--expose-gc'], variables);
  }

  /** Sets up a processor and an exporter; those before are shut down. */
  start(options: ProducerOptions): Promise<void> {
    return this.child.ask('start', options);
  }

  end(count: number): Promise<ProcessorStats> {
    return this.child.ask('end', count);
  }

  /** Ends so many spans a second from now on, at most. */
  load(spansASecond: number): Promise<ProcessorStats> {
    return this.child.ask('load', spansASecond);
  }

  stats(): Promise<ProcessorStats> {
    return this.child.ask('stats');
  }

  flush(options: FlushOptions = {}): Promise<ProcessorStats> {
    return this.child.ask('flush', options);
  }

  shutdown(options: FlushOptions = {}): Promise<ProcessorStats> {
    return this.child.ask('shutdown', options);
  }

  /** Flushes until nothing is pending, for so many attempts that fail. */
  async settle(attempts = 20): Promise<ProcessorStats> {
    let stats = await this.stats();
    for (let attempt = 0; stats.pending > 0 && attempt < attempts; attempt++) stats = await this.flush();
    return stats;
  }

  /** CPU time of the process from its beginning. */
  cpuMillis(): Promise<number> {
    return this.child.ask('cpuMillis');
  }

  /** Collects garbage first. */
  measure(): Promise<Measures> {
    return this.child.ask('measure');
  }

  close(): Promise<void> {
    return this.child.close();
  }
}
