import type { BatchingExporter } from '../../src/export/exporter.ts';
import type { EncodedBatch } from '../../src/export/otlp/encoding.ts';
import type { OtlpExporterOptions } from '../../src/export/otlp/exporter.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { JsonEncoding } from '../../src/export/otlp/json-encoding.ts';
import type { TlsOptions } from '../../src/export/otlp/tls.ts';

/** Where a backend takes spans, as `host:port`. */
export interface Addresses {
  readonly grpcAddress: string;
  readonly httpAddress: string;
}

/** Ways to send, by the names that tests have for them. */
export const PROTOCOLS = ['HTTP protobuf', 'HTTP JSON'] as const;

export type Protocol = (typeof PROTOCOLS)[number];

/** Settings that exporters of all protocols have. */
export interface SendingOptions extends OtlpExporterOptions {
  tls?: TlsOptions;
}

/** An exporter that sends to a backend, encrypted where there are settings of TLS. */
export function exporterFor(
  protocol: Protocol,
  { httpAddress }: Addresses,
  options: SendingOptions = {},
): BatchingExporter<EncodedBatch> {
  const scheme = options.tls ? 'https' : 'http';
  const encoding = protocol === 'HTTP JSON' ? new JsonEncoding() : undefined;
  return new OtlpHttpExporter({ url: `${scheme}://${httpAddress}/v1/traces`, encoding, ...options });
}
