import type { CertificateName } from './certificates.ts';
import { Child } from './child.ts';
import { type Fault, HEALTHY } from './fault.ts';

export interface FaultServerOptions {
  /** Over TLS, with this one. Default: plain HTTP. */
  certificate?: CertificateName;
  /** Every so many requests one is decoded in full, by the oracle; of all others the ids are read. Default: 1. */
  checkEvery?: number;
}

/** What a server has seen. A request counts that was there as a whole. */
export interface FaultServerReport {
  readonly connections: number;
  /** The spans of each request, in order of arrival. */
  readonly requestSpans: readonly number[];
  /** Requests that were open at one time, at most: from their first byte to their answer, or to the end of their connection. */
  readonly peakConcurrency: number;
  /** Spans that it took, or about which it said nothing, each counted once. */
  readonly received: number;
  /** The same, each as often as it came. */
  readonly total: number;
  /** Spans that came once more after an answer that closed the matter. */
  readonly repeated: number;
  /** Bytes of floods that left. */
  readonly sentBytes: number;
  /** What did not decode, and what was no HTTP. */
  readonly problems: readonly string[];
}

/** A process for any number of servers that misbehave as they are told. */
export class FaultServers {
  private readonly child = new Child(new URL('programs/server.ts', import.meta.url));

  /** Starts a server on loopback, which does as a collector does. */
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
  /** Where it takes traces. */
  readonly url: string;
  private readonly child: Child;
  private readonly at: number;

  constructor(child: Child, at: number, port: number, isSecure: boolean) {
    this.child = child;
    this.at = at;
    this.port = port;
    this.url = `http${isSecure ? 's' : ''}://127.0.0.1:${port}/v1/traces`;
  }

  /** What it does from now on. */
  turn(fault: Fault): Promise<void> {
    return this.child.ask('turn', [this.at, fault]);
  }

  recover(): Promise<void> {
    return this.turn(HEALTHY);
  }

  /** Resets all connections and takes no more. */
  close(): Promise<void> {
    return this.child.ask('close', this.at);
  }

  /** Takes connections again, at the same port. */
  listen(): Promise<void> {
    return this.child.ask('listen', this.at);
  }

  /** The certificate for connections to come. */
  show(certificate: CertificateName): Promise<void> {
    return this.child.ask('show', [this.at, certificate]);
  }

  /** Resolves when so many requests have come, as a whole. */
  requested(count: number): Promise<void> {
    return this.child.ask('requested', [this.at, count]);
  }

  report(): Promise<FaultServerReport> {
    return this.child.ask('report', this.at);
  }

  /** The ids of the spans that it took, sorted. */
  ids(): Promise<string[]> {
    return this.child.ask('ids', this.at);
  }
}
