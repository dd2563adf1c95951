import type { BatchingExporter } from '../../src/export/exporter.ts';
import type { OtlpExporterOptions } from '../../src/export/otlp/exporter.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { JsonEncoding } from '../../src/export/otlp/json-encoding.ts';
import type { TlsOptions } from '../../src/export/otlp/tls.ts';
import { OtlpGrpcExporter } from '../../src/grpc/exporter.ts';

/** Where a backend takes spans, as `host:port`. */
export interface Addresses {
  readonly grpcAddress: string;
  readonly httpAddress: string;
}

/** Ways to send, by the names that tests have for them. */
export const PROTOCOLS = ['gRPC', 'HTTP protobuf', 'HTTP JSON'] as const;

export type Protocol = (typeof PROTOCOLS)[number];

/** Settings that exporters of all protocols have. */
export interface SendingOptions extends OtlpExporterOptions {
  tls?: TlsOptions;
}

/** An exporter that sends to a backend, encrypted where there are settings of TLS. */
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
