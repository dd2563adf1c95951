import type { Config } from '../config.ts';
import type { BatchingExporter } from '../export/exporter.ts';
import type { OtlpEncoding } from '../export/otlp/encoding.ts';
import type { OtlpHttpExporterOptions } from '../export/otlp/http.ts';

/**
 * The settings with what the surroundings of the program say where the code says nothing: a page says nothing, a server
 * has environment variables. `samplingRate` has become a sampler.
 */
export interface HostSettings extends Config {
  /** Where OTLP requests go, with `otlpEndpoint` taken into account. Default: what that means. */
  otlpUrl?: string;
  /** The form that `otlpProtocol` means. Default: protobuf. */
  otlpEncoding?: OtlpEncoding;
  /** The exporter of these options, where that is not the one over HTTP. */
  _exporter?: new (
    options: OtlpHttpExporterOptions,
  ) => BatchingExporter;
  /** The end of the line that `initialize` writes. */
  hint?: string;
  /** What could not be used, a sentence each. */
  warnings: readonly string[];
}

/** What `defaultConfig` returns, and what could not be used. */
export interface HostDefaults extends Config {
  warnings: readonly string[];
}
