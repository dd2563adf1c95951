import { Child } from './child.ts';

/** What a server has seen. */
export interface GrpcServerReport {
  /** The number of distinct spans. */
  readonly received: number;
  /** The number of spans including repetitions. */
  readonly total: number;
  readonly requests: number;
  readonly connections: number;
  /** Requests that did not decode. */
  readonly problems: readonly string[];
}

/** An OTLP/gRPC collector with `@grpc/grpc-js`, in a separate process that can be stopped. */
export class GrpcServer {
  url = '';
  private readonly child = new Child(new URL('programs/grpc-server.ts', import.meta.url));

  /** Accepts requests; after {@link close}, on the same port. */
  async listen(): Promise<void> {
    this.url = `http://127.0.0.1:${await this.child.ask<number>('listen')}`;
  }

  /** Breaks all connections, and refuses new ones. */
  close(): Promise<void> {
    return this.child.ask('close');
  }

  /** Stops the process: connections stay open, but nothing is read or answered. */
  freeze(): void {
    this.child.signal('SIGSTOP');
  }

  /** Continues the process. */
  thaw(): void {
    this.child.signal('SIGCONT');
  }

  report(): Promise<GrpcServerReport> {
    return this.child.ask('report');
  }

  /** Ends the process. */
  end(): Promise<void> {
    return this.child.close();
  }
}
