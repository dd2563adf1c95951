import type { BatchingExporter } from '../../src/export/exporter.ts';
import type { OtlpExporterOptions } from '../../src/export/otlp/exporter.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { JsonEncoding } from '../../src/export/otlp/json-encoding.ts';
import type { TlsOptions } from '../../src/export/otlp/tls.ts';
import { OtlpGrpcExporter } from '../../src/grpc/exporter.ts';

/** The addresses at which a backend receives spans, as `host:port`. */
export interface Addresses {
  readonly grpcAddress: string;
  readonly httpAddress: string;
}

/** The protocols, by the names that tests use. */
export const PROTOCOLS = ['gRPC', 'HTTP protobuf', 'HTTP JSON'] as const;

export type Protocol = (typeof PROTOCOLS)[number];

/** Settings that the exporters of all protocols have. */
export interface SendingOptions extends OtlpExporterOptions {
  tls?: TlsOptions;
}

/** Creates an exporter that sends to a backend, encrypted if there are TLS settings. */
export function exporterFor(
  protocol: Protocol,
  { grpcAddress, httpAddress }: Addresses,
  options: SendingOptions = {},
): BatchingExporter {
  const scheme = options.tls ? 'https' : 'http';
  if (protocol === 'gRPC') return new OtlpGrpcExporter({ url: `${scheme}://${grpcAddress}`, ...options });
  const encoding = protocol === 'HTTP JSON' ? new JsonEncoding() : undefined;
  return new OtlpHttpExporter({ url: `${scheme}://${httpAddress}/v1/traces`, encoding, ...options });
}
