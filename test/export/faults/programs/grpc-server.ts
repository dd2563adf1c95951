import { type GrpcCollector, startGrpcCollector } from '../../../oracle/grpc-collector.ts';
import { Arrivals } from '../arrivals.ts';
import { answerParent } from '../child.ts';
import type { GrpcServerReport } from '../grpc-server.ts';
import { spanIdsOf } from '../span-ids.ts';

// The child process of GrpcServer: an OTLP/gRPC collector.

const arrivals = new Arrivals();
const connections = new Set<string>();
const problems: string[] = [];
let requests = 0;
let collector: GrpcCollector | undefined;
let port = 0;

function take(content: Uint8Array, peer: string): void {
  requests++;
  connections.add(peer);
  try {
    const ids = spanIdsOf(content);
    arrivals.see(ids, 0);
    arrivals.close(ids);
  } catch (error) {
    problems.push(String(error));
  }
}

answerParent({
  async listen() {
    collector = await startGrpcCollector({ port, take });
    port = collector.port;
    return port;
  },
  close: () => collector?.close(),
  report(): GrpcServerReport {
    const { distinct, total } = arrivals;
    return { received: distinct, total, requests, connections: connections.size, problems };
  },
});
