import type { GrpcModule } from '../export/otlp/grpc.ts';

/** Loads the gRPC entry point, so that only programs that send over gRPC pay for it. */
export function loadGrpc(): Promise<GrpcModule> {
  return import('#grpc');
}
