import { Child } from './child.ts';

/** What a server has seen. */
export interface GrpcServerReport {
  /** Spans, each counted once. */
  readonly received: number;
  /** The same, each as often as it came. */
  readonly total: number;
  readonly requests: number;
  readonly connections: number;
  /** What did not decode. */
  readonly problems: readonly string[];
}

/** A collector of OTLP over gRPC, `@grpc/grpc-js`, in a process of its own, which can be stopped. */
export class GrpcServer {
  url = '';
  private readonly child = new Child(new URL('programs/grpc-server.ts', import.meta.url));

  /** Takes requests; at the port of the last time, where there was one. */
  async listen(): Promise<void> {
    this.url = `http://127.0.0.1:${await this.child.ask<number>('listen')}`;
  }

  /** Breaks all connections off, and takes no more. */
  close(): Promise<void> {
    return this.child.ask('close');
  }

  /** Stops the process where it is: connections stay, nothing is read, nothing is answered. */
  freeze(): void {
    this.child.signal('SIGSTOP');
  }

  /** Lets it go on. */
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
