import type { DropReason } from '../src/export/exporter.ts';
import type { ProcessorStats } from '../src/export/span-counts.ts';
import { type FaultServer, type FaultServerOptions, FaultServers } from '../test/export/faults/fault-server.ts';
import { GrpcServer } from '../test/export/faults/grpc-server.ts';
import { type Measures, Producer, type ProducerOptions } from '../test/export/faults/producer.ts';
import type { Random } from './random.ts';

export const MEBIBYTE = 1024 * 1024;

// Generous limits, since the machine may be busy. They are to catch tracing that blocks an application for good.
const MAX_LOOP_P99_MILLIS = 500;
const MAX_LOOP_MILLIS = 3_000;
const MAX_HEAP_LEFT = 8 * MEBIBYTE;
// The buffers that the pool keeps for the next batches.
const MAX_BUFFERS_LEFT = 2 * MEBIBYTE;

/** What may happen to spans in a scenario besides being acknowledged. */
export interface Expected {
  /** Default: nothing is dropped. */
  readonly dropped?: readonly DropReason[];
  readonly unknown?: boolean;
  readonly rejected?: boolean;
  /** A request without an answer is sent again, so its spans may arrive twice. */
  readonly again?: boolean;
}

/** The processes of one scenario, and its results. */
export class Stage {
  readonly random: Random;
  readonly problems: string[] = [];
  /** Further lines to print. */
  readonly notes: string[] = [];
  /** The cells of the table, by column. */
  readonly figures: Record<string, string> = {};
  /** Measured before anything is sent. */
  private fresh: Measures | undefined;
  /** Measured under load with a healthy collector. */
  private base: Measures | undefined;
  /** The worst delays of the event loop, in milliseconds. */
  private worst = { p99: 0, max: 0 };
  private readonly servers = new FaultServers();
  private readonly grpcServers: GrpcServer[] = [];
  private readonly producers: Producer[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  server(options?: FaultServerOptions): Promise<FaultServer> {
    return this.servers.start(options);
  }

  /** Starts a gRPC server. */
  async grpcServer(): Promise<GrpcServer> {
    const server = new GrpcServer();
    this.grpcServers.push(server);
    await server.listen();
    return server;
  }

  /** @param variables - Environment variables of the producer. */
  async producer(options: ProducerOptions, variables?: NodeJS.ProcessEnv): Promise<Producer> {
    const producer = new Producer(variables);
    this.producers.push(producer);
    await producer.start(options);
    this.fresh = await producer.measure();
    return producer;
  }

  /** Puts a load on the producer, and takes the measurements that later ones are compared with. */
  async warm(producer: Producer, spansASecond: number, seconds: number): Promise<Measures> {
    await producer.load(spansASecond);
    await this.wait(seconds);
    this.base = await producer.measure();
    this.complain(this.base);
    return this.base;
  }

  wait(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }

  /** Records a problem unless `holds`. */
  require(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  /** Returns the growth of peak RSS since {@link warm}, and of live buffers since the start. */
  growth({ now, peak }: Measures): { rss: number; buffers: number } {
    return {
      rss: peak.rss - (this.base?.now.rss ?? 0),
      buffers: now.arrayBuffers - (this.fresh?.now.arrayBuffers ?? 0),
    };
  }

  /** Records problems of the event loop, and those that the producer itself has found. */
  complain({ loopMillis, problems }: Measures): void {
    this.problems.push(...problems);
    const p99 = Math.max(this.worst.p99, loopMillis.p99);
    const max = Math.max(this.worst.max, loopMillis.max);
    this.worst = { p99, max };
    const shown = `event loop delay: p99 ${p99.toFixed(0)} ms, maximum ${max.toFixed(0)} ms`;
    this.require(p99 < MAX_LOOP_P99_MILLIS && max < MAX_LOOP_MILLIS, shown);
  }

  /** Ends the load and the faults, and checks what has become of all spans and memory. */
  async conclude(
    server: FaultServer | GrpcServer,
    producer: Producer,
    expected: Expected = {},
  ): Promise<ProcessorStats> {
    if ('recover' in server) await server.recover();
    await producer.load(0);
    await producer.settle(100);
    // A request with a single batch releases the memory kept for a backlog.
    for (let round = 0; round < 2; round++) {
      await producer.end(10);
      await producer.flush();
    }
    const measures = await producer.measure();
    this.complain(measures);
    const stats = await producer.stats();
    const report = await server.report();
    const { ended, acknowledged, rejected, unknown, pending, dropped } = stats;
    const { received, total } = report;
    // The gRPC server does not know which of its answers were lost.
    const { repeated, requests } =
      'requests' in report
        ? { repeated: 0, requests: report.requests }
        : { ...report, requests: report.requestSpans.length };
    this.problems.push(...report.problems);
    this.require(ended > 0 && acknowledged > 0, 'nothing was sent');
    this.require(pending === 0, `${pending} spans are still pending`);
    this.require(unknown === 0 || expected.unknown === true, `${unknown} spans are unknown`);
    this.require(rejected === 0 || expected.rejected === true, `${rejected} spans were rejected`);
    for (const [reason, count] of Object.entries(dropped)) {
      this.require(expected.dropped?.includes(reason as DropReason) === true, `${count} spans were dropped: ${reason}`);
    }
    // A rejected span may have arrived before, in a request that got no answer.
    this.require(
      acknowledged <= received && received <= acknowledged + unknown + rejected,
      `${received} spans arrived; ${acknowledged} are acknowledged, ${unknown} unknown and ${rejected} rejected`,
    );
    this.require(repeated === 0, `${repeated} spans arrived again after a response`);
    this.require(total === received || expected.again === true, `${total - received} spans arrived more than once`);
    const heap = measures.now.heapUsed - (this.base ?? measures).now.heapUsed;
    this.require(heap < MAX_HEAP_LEFT, `the heap grew by ${megabytes(heap)}`);
    const { buffers } = this.growth(measures);
    this.require(buffers < MAX_BUFFERS_LEFT, `buffers grew by ${megabytes(buffers)}`);
    Object.assign(this.figures, {
      ended,
      acknowledged,
      dropped: Object.entries(dropped)
        .map(([reason, count]) => `${count} ${reason}`)
        .join(', '),
      rejected,
      unknown,
      again: total - received,
      requests,
      'loop p99/max ms': `${this.worst.p99.toFixed(0)}/${this.worst.max.toFixed(0)}`,
      'heap +': megabytes(heap),
    });
    return stats;
  }

  async close(): Promise<void> {
    await Promise.all([
      this.servers.close(),
      ...this.grpcServers.map((server) => server.end()),
      ...this.producers.map((producer) => producer.close()),
    ]);
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
