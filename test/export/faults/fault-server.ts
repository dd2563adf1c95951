import type { CertificateName } from './certificates.ts';
import { Child } from './child.ts';
import { type Fault, HEALTHY } from './fault.ts';

export interface FaultServerOptions {
  /** Serves TLS with this certificate. Default: plain HTTP. */
  certificate?: CertificateName;
  /** Every nth request is fully decoded, by the oracle. Of the others, only span ids are read. Default: 1. */
  checkEvery?: number;
}

/** What a server has seen. Only complete requests count. */
export interface FaultServerReport {
  readonly connections: number;
  /** The number of spans in each request, in order of arrival. */
  readonly requestSpans: readonly number[];
  /** The most requests open at one time, from their first byte to their answer or the end of their connection. */
  readonly peakConcurrency: number;
  /** The number of distinct spans that it accepted, or about which it said nothing. */
  readonly received: number;
  /** The same, including repetitions. */
  readonly total: number;
  /** The number of spans that arrived again after a final answer. */
  readonly repeated: number;
  /** The bytes of floods that were sent. */
  readonly sentBytes: number;
  /** Requests that did not decode or were not HTTP. */
  readonly problems: readonly string[];
}

/** A child process that runs any number of servers, which misbehave on demand. */
export class FaultServers {
  private readonly child = new Child(new URL('programs/server.ts', import.meta.url));

  /** Starts a server on loopback. By default, it behaves like a collector. */
  async start(options: FaultServerOptions = {}): Promise<FaultServer> {
    const [at, port] = await this.child.ask<[number, number]>('start', options);
    return new FaultServer(this.child, at, port, options.certificate !== undefined);
  }

  close(): Promise<void> {
    return this.child.close();
  }
}

/** One of these servers. */
export class FaultServer {
  readonly port: number;
  /** The URL for traces. */
  readonly url: string;
  private readonly child: Child;
  private readonly at: number;

  constructor(child: Child, at: number, port: number, isSecure: boolean) {
    this.child = child;
    this.at = at;
    this.port = port;
    this.url = `http${isSecure ? 's' : ''}://127.0.0.1:${port}/v1/traces`;
  }

  /** Sets its behavior from now on. */
  turn(fault: Fault): Promise<void> {
    return this.child.ask('turn', [this.at, fault]);
  }

  recover(): Promise<void> {
    return this.turn(HEALTHY);
  }

  /** Resets all connections and refuses new ones. */
  close(): Promise<void> {
    return this.child.ask('close', this.at);
  }

  /** Accepts connections again, on the same port. */
  listen(): Promise<void> {
    return this.child.ask('listen', this.at);
  }

  /** Sets the certificate for new connections. */
  show(certificate: CertificateName): Promise<void> {
    return this.child.ask('show', [this.at, certificate]);
  }

  /** Resolves when this many complete requests have arrived. */
  requested(count: number): Promise<void> {
    return this.child.ask('requested', [this.at, count]);
  }

  report(): Promise<FaultServerReport> {
    return this.child.ask('report', this.at);
  }

  /** Returns the sorted ids of the spans that it accepted. */
  ids(): Promise<string[]> {
    return this.child.ask('ids', this.at);
  }
}
