import { hostDefaults, hostSettings, reportSettings } from '#host';
import type { Attributes } from './core/attributes.ts';
import type { DiagnosticHandler } from './core/diagnostic.ts';
import type { IdGenerator } from './core/id.ts';
import { type SpanLimits, spanLimits } from './core/limits.ts';
import type { SpanProcessor } from './core/processor.ts';
import type { Resource } from './core/resource.ts';
import type { Sampler } from './core/sampler.ts';
import { ATTRIBUTE_CHOICE, isAttributeChoice } from './export/attribute-choice.ts';
import { type BatchSpanProcessorOptions, checkedBatchOptions } from './export/batch-options.ts';
import type { BatchingExporter } from './export/exporter.ts';
import { DEFAULT_ENDPOINT, shownUrl, tracesEndpoint } from './export/otlp/endpoint.ts';
import { checkedHeaders, type OtlpHeaders } from './export/otlp/headers.ts';
import type { FetchLike, OtlpHttpExporterOptions } from './export/otlp/http.ts';
import type { TlsOptions } from './export/otlp/tls.ts';
import type { StdoutFormat } from './export/printer.ts';
import { W3CBaggagePropagator } from './propagation/baggage.ts';
import { CompositePropagator } from './propagation/composite.ts';
import type { TextMapPropagator } from './propagation/propagator.ts';
import { W3CTraceContextPropagator } from './propagation/trace-context.ts';
import {
  arrayOf,
  checkSettings,
  EXPORTER_TYPE,
  either,
  FLAG,
  FUNCTION,
  given,
  OBJECT,
  objectWith,
  oneOf,
  POSITIVE,
  PROTOCOL,
  RATE,
  type SettingKind,
  secret,
  TEXT,
} from './setting.ts';

/**
 * Where spans go: `stdout` (for development), `otlp` (to a collector or backend), or `none` (nothing is recorded unless
 * you also pass `spanProcessors`).
 */
export type ExporterType = 'stdout' | 'otlp' | 'none';

/** The transport and the encoding of OTLP. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/**
 * Settings of `initialize`. A setting that you leave out comes from the environment variable that is named with it,
 * then from the default.
 */
export interface Config {
  /**
   * Resource attribute `service.name`. Environment: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`. Default:
   * `realtime-ai`.
   */
  serviceName?: string;
  /** Resource attribute `service.version`. Environment: `OTEL_RESOURCE_ATTRIBUTES`. Default: `0.1.0`. */
  serviceVersion?: string;
  /**
   * Resource attributes `environment` and `deployment.environment.name`. Environment: `ENVIRONMENT`. Default:
   * `development`.
   */
  environment?: string;
  /**
   * Where spans go: `stdout`, `otlp` or `none`. In `OTEL_TRACES_EXPORTER`, `console` means `stdout`. Environment:
   * `TRACE_EXPORTER`, `OTEL_TRACES_EXPORTER`. Default: `stdout`.
   */
  exporterType?: ExporterType;
  /**
   * Base URL or `host:port` of an OTLP receiver. Over HTTP, `/v1/traces` is appended, except to
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, which is used as is. Environment: `OTEL_EXPORTER_OTLP_ENDPOINT`,
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. Default: `http://localhost:4318`, or `http://localhost:4317` with gRPC.
   */
  otlpEndpoint?: string;
  /**
   * Headers of every OTLP request: an object, or a function that is called before each request. In the environment:
   * `key=value,key=value`, percent-encoded; headers for traces override those for all signals. Environment:
   * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS`. Default: none.
   */
  otlpHeaders?: OtlpHeaders;
  /**
   * Timeout of an OTLP request in milliseconds. Environment: `OTEL_EXPORTER_OTLP_TIMEOUT`,
   * `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`. Default: 10,000.
   */
  otlpTimeoutMillis?: number;
  /**
   * Certificates and key for an `https://` endpoint: `{ ca, cert, key }` in PEM, on Node, Bun and Deno. The variables
   * name files. A value in code replaces all of them. Environment: `OTEL_EXPORTER_OTLP_CERTIFICATE`,
   * `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY`, `OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE`,
   * `OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY`. Default: none.
   */
  otlpTls?: TlsOptions;
  /**
   * Compression of OTLP requests: `gzip` or `none`. Environment: `OTEL_EXPORTER_OTLP_COMPRESSION`,
   * `OTEL_EXPORTER_OTLP_TRACES_COMPRESSION`. Default: `none`.
   */
  otlpCompression?: OtlpHttpExporterOptions['compression'];
  /**
   * Transport and encoding of OTLP: `http/protobuf` (everywhere), `http/json` (everywhere except in pages) or `grpc`
   * (only on Node, Bun and Deno). Environment: `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.
   * Default: `http/protobuf`, or `grpc` if the endpoint has port 4317 and no path.
   */
  otlpProtocol?: OtlpProtocol;
  /**
   * Sends OTLP requests over HTTP, for example through a proxy or an agent. Default: the runtime's own; on Node,
   * HTTP/1.1 over `node:net`.
   */
  fetch?: FetchLike;
  /**
   * Share of traces to record, from 0 to 1. A child is recorded if its parent is. Environment: `OTEL_TRACES_SAMPLER`,
   * `OTEL_TRACES_SAMPLER_ARG`. Default: 1.
   */
  samplingRate?: number;
  /** A sampler of your own. Default: one that follows `samplingRate`. */
  sampler?: Sampler;
  /** `pretty` for people, or `json` for programs: one OTLP/JSON request per line. Default: `pretty`. */
  stdoutFormat?: StdoutFormat;
  /**
   * The attributes that `pretty` shows: keys, or prefixes of keys followed by `*`, such as `llm.*`. This does not
   * change what is recorded. Default: all attributes except those that the name of the span already shows.
   */
  stdoutAttributes?: readonly string[];
  /**
   * Additional attributes of the resource. In the environment: `key=value,key=value`. Environment:
   * `OTEL_RESOURCE_ATTRIBUTES`. Default: none.
   */
  resourceAttributes?: Attributes;
  /** What one span may hold at most. Environment: those of its members. Default: 128 of each, values of any length. */
  spanLimits?: Partial<SpanLimits>;
  /**
   * When batches are sent, and how much may wait in the queue. Environment: those of its members. Default: those of
   * its members.
   */
  batch?: BatchSpanProcessorOptions;
  /** Generates the ids of traces and spans. Default: random ids. */
  idGenerator?: IdGenerator;
  /**
   * Span processors that run before the exporter's. Together with `exporterType: 'none'` they are the only ones, which
   * suits tests. Default: none.
   */
  spanProcessors?: readonly SpanProcessor[];
  /**
   * Propagators that carry context across processes, in this order. In the environment: a list of `tracecontext`,
   * `baggage`, `b3`, `b3multi`, `jaeger`, or `none`. Environment: `OTEL_PROPAGATORS`. Default: W3C trace context and
   * W3C baggage.
   */
  propagators?: readonly TextMapPropagator[];
  /** Receives diagnostics. `OTEL_LOG_LEVEL` affects only those on stderr. Default: writes to stderr. */
  onDiagnostic?: DiagnosticHandler;
  /**
   * Sends pending spans when the process ends by itself or by SIGTERM or SIGINT, within 5 seconds, on Node, Bun and
   * Deno, and ends the open spans if it is a signal; in a page, whenever it is hidden or left. Does nothing in workers
   * of any kind. Default: true.
   */
  flushOnExit?: boolean;
  /**
   * After an uncaught exception that nothing else listens for, ends the open spans and sends pending spans before the
   * process crashes. This takes up to 5 seconds, during which the application keeps running. Node, Bun and Deno only.
   * Default: false.
   */
  flushOnCrash?: boolean;
  /** Suppresses the line that `initialize` writes to stderr. Default: false. */
  quiet?: boolean;
  /**
   * Where to look up environment variables: the `env` that Workers pass to each event. Only strings count. Not
   * available in pages. Default: the environment of the process.
   */
  env?: object;
}

/** Settings as `initialize` uses them. */
export interface ResolvedConfig extends Config {
  readonly exporterType: ExporterType;
  readonly otlp: OtlpHttpExporterOptions;
  /** The exporter class for these options, if it is not the one over HTTP. */
  readonly _exporter?: new (
    options: OtlpHttpExporterOptions,
  ) => BatchingExporter;
  readonly resource: Resource;
  readonly propagator: CompositePropagator;
  /** The line that `initialize` writes; `undefined` for none. */
  readonly banner: string | undefined;
  /** Host settings that could not be used, one sentence each. */
  readonly warnings: readonly string[];
}

/** The values that each setting takes. */
const SETTINGS: Readonly<Record<keyof Config, SettingKind>> = {
  serviceName: TEXT,
  serviceVersion: TEXT,
  environment: TEXT,
  exporterType: EXPORTER_TYPE,
  otlpEndpoint: /* @__PURE__ */ secret(TEXT),
  otlpHeaders: /* @__PURE__ */ secret(/* @__PURE__ */ either(OBJECT, FUNCTION)),
  otlpTimeoutMillis: POSITIVE,
  otlpTls: /* @__PURE__ */ secret(OBJECT),
  otlpCompression: /* @__PURE__ */ oneOf('gzip', 'none'),
  otlpProtocol: PROTOCOL,
  fetch: FUNCTION,
  samplingRate: RATE,
  sampler: /* @__PURE__ */ objectWith('shouldSample'),
  stdoutFormat: /* @__PURE__ */ oneOf('pretty', 'json'),
  stdoutAttributes: [ATTRIBUTE_CHOICE, isAttributeChoice],
  resourceAttributes: OBJECT,
  spanLimits: OBJECT,
  batch: OBJECT,
  idGenerator: /* @__PURE__ */ objectWith('generateTraceId', 'generateSpanId'),
  spanProcessors: /* @__PURE__ */ arrayOf(
    'span processors',
    /* @__PURE__ */ objectWith('onEnd', 'forceFlush', 'shutdown'),
  ),
  propagators: /* @__PURE__ */ arrayOf('propagators', /* @__PURE__ */ objectWith('inject', 'extract', 'fields')),
  onDiagnostic: FUNCTION,
  flushOnExit: FLAG,
  flushOnCrash: FLAG,
  quiet: FLAG,
  env: /* @__PURE__ */ secret(OBJECT),
};

const DEFAULTS = {
  serviceName: 'realtime-ai',
  serviceVersion: '0.1.0',
  environment: 'development',
  exporterType: 'stdout' as ExporterType,
  otlpEndpoint: DEFAULT_ENDPOINT,
};

/**
 * Returns the basic settings (those of the Go original) from environment variables and defaults, for you to change and
 * pass to `initialize`. Leaves out `samplingRate` if `OTEL_TRACES_SAMPLER` is set, `otlpEndpoint` if
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set, and `exporterType` if variables turn tracing off: these variables can say
 * more than the settings.
 *
 * @throws TypeError if `TRACE_EXPORTER` does not name an exporter.
 */
export function defaultConfig(): Config {
  const { warnings, ...config } = hostDefaults({ ...DEFAULTS, samplingRate: 1 });
  reportSettings(warnings);
  return config;
}

function check(config: Config): void {
  checkSettings('config', config, SETTINGS);
  // Check these even if nothing uses them yet: a mistake must not wait for the day the exporter is changed.
  checkedBatchOptions(config.batch ?? {}, 'batch.');
  const { otlpHeaders = {} } = config;
  if (typeof otlpHeaders !== 'function') checkedHeaders(otlpHeaders, 'otlpHeaders');
  spanLimits(config.spanLimits);
}

const ENVIRONMENT_NAME = 'deployment.environment.name';

/**
 * Checks the settings and fills in what is missing: from the host, then from the defaults.
 *
 * @throws TypeError, RangeError or Error naming the setting, its value and what is allowed.
 */
export function resolveConfig(config: Config): ResolvedConfig {
  check(config);
  const host = hostSettings(config);
  const settings = { ...DEFAULTS, ...(given(host) as typeof host) };
  const {
    exporterType,
    otlpEndpoint,
    otlpHeaders: headers,
    otlpTimeoutMillis: timeoutMillis,
    otlpTls: tls,
    otlpCompression: compression,
    otlpProtocol: protocol,
    fetch,
  } = settings;
  const isOtlp = exporterType === 'otlp';
  // The port implies gRPC only if the endpoint is used and no protocol is stated.
  const url = settings.otlpUrl ?? tracesEndpoint('otlpEndpoint', otlpEndpoint, { isHttp: !isOtlp || !!protocol });
  const attributes: Attributes = {
    ...attributesOf(DEFAULTS),
    ...settings.resourceAttributes,
    ...attributesOf(config),
  };
  // The Go original and the conventions name the same thing differently. A value from code counts under both names, and
  // the default only if neither is given.
  if (config.environment === undefined || config.resourceAttributes?.[ENVIRONMENT_NAME] !== undefined) {
    const { environment } = settings.resourceAttributes ?? {};
    attributes[ENVIRONMENT_NAME] ??= attributes.environment;
    if (config.environment === undefined) attributes.environment = environment ?? attributes[ENVIRONMENT_NAME];
  } else attributes[ENVIRONMENT_NAME] = config.environment;
  return {
    ...settings,
    otlp: { url, headers, timeoutMillis, fetch, tls, compression, encoding: settings.otlpEncoding },
    resource: { attributes },
    propagator: new CompositePropagator({
      propagators: settings.propagators ?? [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
    banner:
      exporterType === 'none' || settings.quiet
        ? undefined
        : `${attributes['service.name']}: exporting spans to ${isOtlp ? shownUrl(url) : exporterType}${settings.hint ?? ''}`,
  };
}

/** Returns the three settings that are resource attributes under those keys, as far as they are given. */
function attributesOf({ serviceName, serviceVersion, environment }: Config): Attributes {
  return given<Attributes>({ 'service.name': serviceName, 'service.version': serviceVersion, environment });
}
