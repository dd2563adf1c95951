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
  checkSetting,
  EXPORTER_TYPE,
  FLAG,
  FUNCTION,
  given,
  HEADERS,
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
 * Where spans go: `stdout` (development), `otlp` (a collector or backend), `none` (nothing is recorded, unless
 * `spanProcessors` are given along with it).
 */
export type ExporterType = 'stdout' | 'otlp' | 'none';

/** What OTLP is spoken over, and in which form. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/**
 * Settings of `initialize`. What is not given comes from the environment variable that is named, then from the
 * default.
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
   * Where spans go: `stdout`, `otlp` or `none`. `OTEL_TRACES_EXPORTER` says `console` for `stdout`. Environment:
   * `TRACE_EXPORTER`, `OTEL_TRACES_EXPORTER`. Default: `stdout`.
   */
  exporterType?: ExporterType;
  /**
   * Base URL or `host:port` of an OTLP receiver. Over HTTP `/v1/traces` is appended, except to
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, which is used as it is. Environment: `OTEL_EXPORTER_OTLP_ENDPOINT`,
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. Default: `http://localhost:4318`, and with gRPC `http://localhost:4317`.
   */
  otlpEndpoint?: string;
  /**
   * Sent with every OTLP request: an object, or a function that is asked before each. In the environment
   * `key=value,key=value`, percent-encoded; those for traces come on top of those for all signals. Environment:
   * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS`. Default: none.
   */
  otlpHeaders?: OtlpHeaders;
  /**
   * Milliseconds an OTLP request may take. Environment: `OTEL_EXPORTER_OTLP_TIMEOUT`,
   * `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`. Default: 10,000.
   */
  otlpTimeoutMillis?: number;
  /**
   * Certificates and key for an `https://` endpoint: `{ ca, cert, key }`, PEM, on Node, Bun and Deno. Given in code, they
   * replace what the variables name, as a whole; those name files. Environment: `OTEL_EXPORTER_OTLP_CERTIFICATE`,
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
   * `http/protobuf`, everywhere; `http/json`, everywhere but in pages; `grpc`, on Node, Bun and Deno only. Environment:
   * `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`. Default: `http/protobuf`, and `grpc` where the
   * endpoint has port 4317 and no path.
   */
  otlpProtocol?: OtlpProtocol;
  /** Sends OTLP requests over HTTP, for proxies and agents. Default: that of the runtime; on Node HTTP/1.1 over `node:net`. */
  fetch?: FetchLike;
  /**
   * Share of traces that are recorded, 0 to 1; a child is recorded if its parent is. Environment: `OTEL_TRACES_SAMPLER`,
   * `OTEL_TRACES_SAMPLER_ARG`. Default: 1.
   */
  samplingRate?: number;
  /** A sampler of your own. Default: one by `samplingRate`. */
  sampler?: Sampler;
  /** `pretty` for people, `json` for programs: one OTLP/JSON request a line. Default: `pretty`. */
  stdoutFormat?: StdoutFormat;
  /**
   * The attributes that `pretty` shows: keys, or beginnings of keys followed by `*`, such as `llm.*`. What is recorded
   * does not depend on it. Default: all but those that the name of the span says already.
   */
  stdoutAttributes?: readonly string[];
  /**
   * Further attributes of the resource; in the environment `key=value,key=value`. Environment:
   * `OTEL_RESOURCE_ATTRIBUTES`. Default: none.
   */
  resourceAttributes?: Attributes;
  /** How much one span may carry. Environment: that of its members. Default: 128 of each, values of any length. */
  spanLimits?: Partial<SpanLimits>;
  /** When batches leave, and how much may wait. Environment: that of its members. Default: each member has its own. */
  batch?: BatchSpanProcessorOptions;
  /** Makes the ids of traces and spans. Default: random ids. */
  idGenerator?: IdGenerator;
  /**
   * Processors in front of the exporter's. Together with `exporterType: 'none'` they are the only ones, as tests want
   * it. Default: none.
   */
  spanProcessors?: readonly SpanProcessor[];
  /**
   * How context crosses processes, in this order; in the environment a list of `tracecontext`, `baggage`, `b3`, `b3multi`,
   * `jaeger`, or `none`. Environment: `OTEL_PROPAGATORS`. Default: W3C trace context and W3C baggage.
   */
  propagators?: readonly TextMapPropagator[];
  /** Receives what goes wrong; `OTEL_LOG_LEVEL` is for stderr only. Default: writes to stderr. */
  onDiagnostic?: DiagnosticHandler;
  /**
   * Sends what is pending when the process ends by itself or by SIGTERM or SIGINT, within 5 seconds, on Node, Bun and Deno;
   * in a page, whenever it is hidden or left. In workers of all kinds it does nothing. Default: true.
   */
  flushOnExit?: boolean;
  /**
   * After an uncaught exception that nobody else listens for, ends the spans that are open and sends what is pending before
   * the process crashes, within 5 seconds in which the application goes on. Node, Bun and Deno. Default: false.
   */
  flushOnCrash?: boolean;
  /** Leaves out the line that `initialize` writes to stderr. Default: false. */
  quiet?: boolean;
  /**
   * Where the environment variables are looked up: the `env` that Workers hand to each event. Only strings count. Not in
   * pages. Default: the environment of the process.
   */
  env?: object;
}

/** Settings as `initialize` uses them. */
export interface ResolvedConfig extends Config {
  readonly exporterType: ExporterType;
  readonly otlp: OtlpHttpExporterOptions;
  /** The exporter of these options, where that is not the one over HTTP. */
  readonly _exporter?: new (
    options: OtlpHttpExporterOptions,
  ) => BatchingExporter;
  readonly resource: Resource;
  readonly propagator: CompositePropagator;
  /** What `initialize` says of itself; `undefined` for nothing. */
  readonly banner: string | undefined;
  /** What the host says that could not be used, a sentence each. */
  readonly warnings: readonly string[];
}

/** What each setting may be. */
const SETTINGS: Readonly<Record<keyof Config, SettingKind>> = {
  serviceName: TEXT,
  serviceVersion: TEXT,
  environment: TEXT,
  exporterType: EXPORTER_TYPE,
  otlpEndpoint: /* @__PURE__ */ secret(TEXT),
  otlpHeaders: /* @__PURE__ */ secret(HEADERS),
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
 * The original's settings as environment variables and defaults make them, to be changed and handed to
 * `initialize`. `samplingRate` and `otlpEndpoint` are left out where `OTEL_TRACES_SAMPLER` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` say more than the setting can.
 *
 * @throws TypeError when `TRACE_EXPORTER` names no exporter.
 */
export function defaultConfig(): Config {
  const { warnings, ...config } = hostDefaults({ ...DEFAULTS, samplingRate: 1 });
  reportSettings(warnings);
  return config;
}

function check(config: Config): void {
  checkSetting('config', config, OBJECT);
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(SETTINGS, name)) {
      throw new TypeError(`${name}: there is no such setting; there are ${Object.keys(SETTINGS).join(', ')}`);
    }
    if (value !== undefined) checkSetting(name, value, SETTINGS[name as keyof Config]);
  }
  // Here and not only by those who use them: a slip must not wait for the day on which the exporter is changed.
  checkedBatchOptions(config.batch ?? {}, 'batch.');
  const { otlpHeaders = {} } = config;
  if (typeof otlpHeaders !== 'function') checkedHeaders(otlpHeaders, 'otlpHeaders');
  spanLimits(config.spanLimits);
}

const ENVIRONMENT_NAME = 'deployment.environment.name';

/**
 * Checks the settings and fills in what is not given: from the host, then from the defaults.
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
  // Of an endpoint that is not used, the port says nothing; with a protocol that is stated, it is taken at its word.
  const url = settings.otlpUrl ?? tracesEndpoint('otlpEndpoint', otlpEndpoint, { isHttp: !isOtlp || !!protocol });
  const attributes: Attributes = {
    ...attributesOf(DEFAULTS),
    ...settings.resourceAttributes,
    ...attributesOf(config),
  };
  // The original's name and the conventions' for the same thing; what the code says of it counts under both.
  if (config.environment === undefined || config.resourceAttributes?.[ENVIRONMENT_NAME] !== undefined) {
    attributes[ENVIRONMENT_NAME] ??= attributes.environment;
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
        : `${attributes['service.name']}: spans go to ${isOtlp ? `otlp, to ${shownUrl(url)}` : exporterType}${settings.hint ?? ''}`,
  };
}

/** What three of the settings, as far as they are given, are called as attributes of the resource. */
function attributesOf({ serviceName, serviceVersion, environment }: Config): Attributes {
  return given<Attributes>({ 'service.name': serviceName, 'service.version': serviceVersion, environment });
}
