import type { GrpcModule } from '../export/otlp/grpc.ts';

/** The entry point for gRPC, which only those load who send over it. */
export function loadGrpc(): Promise<GrpcModule> {
  return import('#grpc');
}
