import type { FlushOptions } from '../../../src/core/processor.ts';
import type { BatchSpanProcessorOptions } from '../../../src/export/batch-options.ts';
import type { ProcessorStats } from '../../../src/export/span-counts.ts';
import { Child } from './child.ts';

export interface ProducerOptions {
  url: string;
  /** Sends over gRPC instead of HTTP. Default: false. */
  isGrpc?: boolean;
  exporter?: { timeoutMillis?: number };
  processor?: BatchSpanProcessorOptions;
  /** The length of an attribute that each span has in addition to four small ones. Default: no such attribute. */
  textLength?: number;
}

/** Memory in bytes. */
export interface Memory {
  rss: number;
  heapUsed: number;
  arrayBuffers: number;
}

/** What a producer has measured since its start or the previous call. */
export interface Measures {
  /** Measured after a garbage collection. */
  readonly now: Memory;
  readonly peak: Memory;
  /** The delay of the event loop. */
  readonly loopMillis: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The number of diagnostics by code. A full queue is reported at most once a minute. */
  readonly said: Readonly<Record<string, number>>;
  /** Wrong counters, uncaught errors, and diagnostics that contain the secret. */
  readonly problems: readonly string[];
}

/** A process that only ends spans. */
export class Producer {
  private readonly child: Child;

  /** @param variables - Environment variables that Node reads when it starts. */
  constructor(variables?: NodeJS.ProcessEnv) {
    this.child = new Child(new URL('programs/producer.ts', import.meta.url), ['--expose-gc'], variables);
  }

  /** Creates a processor and an exporter, and shuts down the previous ones. */
  start(options: ProducerOptions): Promise<void> {
    return this.child.ask('start', options);
  }

  end(count: number): Promise<ProcessorStats> {
    return this.child.ask('end', count);
  }

  /** Ends up to this many spans a second from now on. */
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

  /** Flushes until nothing is pending, with a limit on the number of attempts. */
  async settle(attempts = 20): Promise<ProcessorStats> {
    let stats = await this.stats();
    for (let attempt = 0; stats.pending > 0 && attempt < attempts; attempt++) stats = await this.flush();
    return stats;
  }

  /** Returns the CPU time of the process since its start. */
  cpuMillis(): Promise<number> {
    return this.child.ask('cpuMillis');
  }

  /** Returns the measurements, after a garbage collection. */
  measure(): Promise<Measures> {
    return this.child.ask('measure');
  }

  close(): Promise<void> {
    return this.child.close();
  }
}
