import type { Config } from '../config.ts';

/**
 * What the surroundings of the program say of the settings, and the sampler that they make of `samplingRate`. A page says nothing, a server has environment variables.
 * Each member stands where the code says nothing, and is left out where they do not say anything either.
 */
export interface HostSettings
  extends Pick<
    Config,
    | 'exporterType'
    | 'otlpHeaders'
    | 'otlpTimeoutMillis'
    | 'resourceAttributes'
    | 'sampler'
    | 'spanLimits'
    | 'batch'
    | 'propagators'
    | 'onDiagnostic'
    | 'quiet'
  > {
  /** Where OTLP requests go, with `otlpEndpoint` taken into account. */
  otlpUrl?: string;
  /** The end of the line that `initialize` writes. */
  hint?: string;
  /** What could not be used, a sentence each. */
  warnings: readonly string[];
}

/** What `defaultConfig` returns, and what could not be used. */
export interface HostDefaults extends Config {
  warnings: readonly string[];
}
