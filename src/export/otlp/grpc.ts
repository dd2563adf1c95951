import type { BatchingExporter, SpanBatch } from '../exporter.ts';
import type { OtlpHttpExporterOptions } from './http.ts';
import { ProtobufEncoding } from './protobuf-encoding.ts';

/** Where OTLP over gRPC goes where nothing is said. */
export const GRPC_ENDPOINT = 'http://localhost:4317';
/** What a request holds: servers of gRPC commonly refuse more than 4 MiB. */
export const GRPC_REQUEST_BYTES = 3 * 1024 * 1024;

/** The module with the exporter over gRPC. */
export interface GrpcModule {
  readonly OtlpGrpcExporter: new (options: OtlpHttpExporterOptions) => BatchingExporter;
}

/** An exporter over gRPC that is loaded by its first request; up to then it takes spans all the same. */
export function grpcOnDemand(load: () => Promise<GrpcModule>, options: OtlpHttpExporterOptions): BatchingExporter {
  let source: Pick<BatchingExporter, 'createBatch'> = new ProtobufEncoding();
  let loaded: Promise<BatchingExporter> | undefined;
  return {
    url: options.url,
    componentType: 'otlp_grpc_exporter',
    maxRequestBytes: GRPC_REQUEST_BYTES,
    createBatch: () => source.createBatch(),
    async send(batches: readonly SpanBatch[], signal: AbortSignal) {
      loaded ??= load().then(({ OtlpGrpcExporter }) => {
        const exporter = new OtlpGrpcExporter(options);
        source = exporter;
        return exporter;
      });
      return (await loaded).send(batches, signal);
    },
    async shutdown() {
      (await loaded)?.shutdown?.();
    },
  };
}
