import type { Config } from '../config.ts';
import type { BatchingExporter } from '../export/exporter.ts';
import type { OtlpEncoding } from '../export/otlp/encoding.ts';
import type { OtlpHttpExporterOptions } from '../export/otlp/http.ts';

/**
 * The settings, completed by the host where the code gives none: a server reads environment variables, a page adds
 * nothing. `samplingRate` has become a sampler.
 */
export interface HostSettings extends Config {
  /** The URL of OTLP requests, which takes `otlpEndpoint` into account. Default: the one that `otlpEndpoint` means. */
  otlpUrl?: string;
  /** The encoding that `otlpProtocol` means. Default: protobuf. */
  otlpEncoding?: OtlpEncoding;
  /** The exporter class for these options, if it is not the one over HTTP. */
  _exporter?: new (
    options: OtlpHttpExporterOptions,
  ) => BatchingExporter;
  /** The end of the line that `initialize` writes. */
  hint?: string;
  /** Settings that could not be used, one sentence each. */
  warnings: readonly string[];
}

/** The result of `defaultConfig`, with warnings about values that could not be used. */
export interface HostDefaults extends Config {
  warnings: readonly string[];
}
