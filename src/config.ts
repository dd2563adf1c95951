import { runtime } from '#platform';
import type { Attributes } from './core/attributes.ts';
import { type Diagnostic, type DiagnosticHandler, printDiagnostic, report } from './core/diagnostic.ts';
import { messageOf } from './core/exception.ts';
import type { IdGenerator } from './core/id.ts';
import { type SpanLimits, spanLimits } from './core/limits.ts';
import type { SpanProcessor } from './core/processor.ts';
import type { Resource } from './core/resource.ts';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from './core/sampler.ts';
import { Environment } from './environment.ts';
import { type BatchSpanProcessorOptions, checkedBatchOptions } from './export/batch.ts';
import { type Endpoint, tracesEndpoint } from './export/otlp/endpoint.ts';
import { checkedHeaders, type FetchLike, type OtlpHttpExporterOptions } from './export/otlp/http.ts';
import type { StdoutFormat } from './export/stdout.ts';
import { W3CBaggagePropagator } from './propagation/baggage.ts';
import { CompositePropagator } from './propagation/composite.ts';
import type { TextMapPropagator } from './propagation/propagator.ts';
import { W3CTraceContextPropagator } from './propagation/trace-context.ts';

/**
 * Where spans go: `stdout` (development), `otlp` (a collector or backend), `none` (nothing is recorded, unless
 * `spanProcessors` are given along with it).
 */
export type ExporterType = 'stdout' | 'otlp' | 'none';

/**
 * Settings of `initialize`. What is not given comes from the environment variable that is named, then from the
 * default.
 */
export interface Config {
  /** `OTEL_SERVICE_NAME`. Default: `realtime-ai`. */
  serviceName?: string;
  /** Default: `0.1.0`. */
  serviceVersion?: string;
  /** `ENVIRONMENT`. Default: `development`. */
  environment?: string;
  /** `TRACE_EXPORTER`, `OTEL_TRACES_EXPORTER`. Default: `stdout`. */
  exporterType?: ExporterType;
  /**
   * Base URL or `host:port` of an OTLP receiver; `/v1/traces` is appended. `OTEL_EXPORTER_OTLP_ENDPOINT`, or as it is
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. Default: `http://localhost:4318`.
   */
  otlpEndpoint?: string;
  /** Sent with every OTLP request. `OTEL_EXPORTER_OTLP_HEADERS`. Default: none. */
  otlpHeaders?: Readonly<Record<string, string>>;
  /** Milliseconds an OTLP request may take. `OTEL_EXPORTER_OTLP_TIMEOUT`. Default: 10,000. */
  otlpTimeoutMillis?: number;
  /** In place of the runtime's `fetch` for OTLP requests. */
  fetch?: FetchLike;
  /** Share of traces that are recorded, 0 to 1; children do as their parents. `OTEL_TRACES_SAMPLER`. Default: 1. */
  samplingRate?: number;
  /** A sampler of your own, in place of `samplingRate`. */
  sampler?: Sampler;
  /** `pretty` for people, `json` for programs: one OTLP/JSON request a line. Default: `pretty`. */
  stdoutFormat?: StdoutFormat;
  /** Further attributes of the resource. `OTEL_RESOURCE_ATTRIBUTES`. Default: none. */
  resourceAttributes?: Attributes;
  /** `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT` and its kin. Default: 128 of each, values of any length. */
  spanLimits?: Partial<SpanLimits>;
  /** `OTEL_BSP_*`. */
  batch?: BatchSpanProcessorOptions;
  /** Default: random ids. */
  idGenerator?: IdGenerator;
  /**
   * Processors in front of the exporter's. Together with `exporterType: 'none'` they are the only ones, as tests want
   * it. Default: none.
   */
  spanProcessors?: readonly SpanProcessor[];
  /** How context crosses processes. `OTEL_PROPAGATORS`. Default: W3C trace context and W3C baggage. */
  propagators?: readonly TextMapPropagator[];
  /** Receives what goes wrong in place of stderr. `OTEL_LOG_LEVEL` rules stderr only. */
  onDiagnostic?: DiagnosticHandler;
  /** True leaves out the line that `initialize` writes to stderr. Default: false. */
  quiet?: boolean;
}

/** Settings as `initialize` uses them. */
export interface ResolvedConfig {
  readonly exporterType: ExporterType;
  readonly otlp: OtlpHttpExporterOptions;
  readonly batch: BatchSpanProcessorOptions;
  readonly stdoutFormat: StdoutFormat;
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly spanLimits: Partial<SpanLimits>;
  readonly idGenerator: IdGenerator | undefined;
  readonly spanProcessors: readonly SpanProcessor[];
  readonly propagator: TextMapPropagator;
  readonly onDiagnostic: DiagnosticHandler;
  /** What `initialize` says of itself; `undefined` for nothing. */
  readonly banner: string | undefined;
  /** Environment variables that could not be used, a sentence each. */
  readonly warnings: readonly string[];
}

const DEFAULT_ENDPOINT = 'http://localhost:4318';
const EXPORTERS = ['stdout', 'otlp', 'none'] as const;
const FORMATS = ['pretty', 'json'] as const;

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string' && value !== '';
const isFlag: Check = (value) => typeof value === 'boolean';
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction: Check = (value) => typeof value === 'function';
const isPositive: Check = (value) => typeof value === 'number' && value > 0;
const isRate: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const has =
  (...methods: string[]): Check =>
  (value) =>
    isObject(value) && methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string);

/** What each setting may be, and how that is said. */
const SETTINGS: Record<keyof Config, readonly [Check, string]> = {
  serviceName: [isText, 'a string that is not empty'],
  serviceVersion: [isText, 'a string that is not empty'],
  environment: [isText, 'a string that is not empty'],
  exporterType: [oneOf(EXPORTERS), `one of ${EXPORTERS.join(', ')}`],
  otlpEndpoint: [isText, 'a URL or host:port'],
  otlpHeaders: [isObject, 'an object of strings'],
  otlpTimeoutMillis: [isPositive, 'a number above 0'],
  fetch: [isFunction, 'a function'],
  samplingRate: [isRate, 'a number from 0 to 1'],
  sampler: [has('shouldSample'), 'an object with shouldSample()'],
  stdoutFormat: [oneOf(FORMATS), `one of ${FORMATS.join(', ')}`],
  resourceAttributes: [isObject, 'an object'],
  spanLimits: [isObject, 'an object'],
  batch: [isObject, 'an object'],
  idGenerator: [has('generateTraceId', 'generateSpanId'), 'an object with generateTraceId() and generateSpanId()'],
  spanProcessors: [listOf(has('onEnd', 'forceFlush', 'shutdown')), 'an array of span processors'],
  propagators: [listOf(has('inject', 'extract', 'fields')), 'an array of propagators'],
  onDiagnostic: [isFunction, 'a function'],
  quiet: [isFlag, 'true or false'],
};

function check(config: Config): void {
  if (!isObject(config)) throw new TypeError(`config: ${shown(config)} is not an object`);
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(SETTINGS, name)) {
      throw new TypeError(`${name}: there is no such setting; there are ${Object.keys(SETTINGS).join(', ')}`);
    }
    const [isAllowed, allowed] = SETTINGS[name as keyof Config];
    if (value !== undefined && !isAllowed(value)) throw new TypeError(`${name}: ${shown(value)} is not ${allowed}`);
  }
}

function shown(value: unknown): string {
  try {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  } catch {
    return `a ${typeof value}`;
  }
}

/**
 * The original's settings as environment variables and defaults make them, to be changed and handed to
 * `initialize`. `samplingRate` and `otlpEndpoint` are left out where `OTEL_TRACES_SAMPLER` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` say more than the setting can.
 *
 * @throws TypeError when `TRACE_EXPORTER` names no exporter.
 */
export function defaultConfig(): Config {
  const environment = new Environment();
  const resource = environment.pairs(false, 'OTEL_RESOURCE_ATTRIBUTES');
  const config: Config = {
    serviceName: environment.text('OTEL_SERVICE_NAME') ?? (resource?.['service.name'] || 'realtime-ai'),
    serviceVersion: resource?.['service.version'] || '0.1.0',
    environment: environment.text('ENVIRONMENT') ?? (resource?.environment || 'development'),
    exporterType: exporterOf(environment),
  };
  if (environment.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') === undefined) {
    config.otlpEndpoint = environment.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? DEFAULT_ENDPOINT;
  }
  if (environment.text('OTEL_TRACES_SAMPLER') === undefined) config.samplingRate = 1;
  reportSettings(environment.warnings);
  return config;
}

/** Reports settings that could not be used, each under a key of its own, so that none is held back for another. */
export function reportSettings(warnings: readonly string[]): void {
  for (const warning of warnings) report('setting_refused', warning, 'warn', `setting_refused: ${warning}`);
}

/**
 * Checks the settings and fills in what is not given. Reads the environment once.
 *
 * @throws TypeError, RangeError or Error naming the setting, its value and what is allowed.
 */
export function resolveConfig(config: Config): ResolvedConfig {
  check(config);
  // Here and not only by those who use them: a slip must not wait for the day on which the exporter is changed.
  checkedBatchOptions(config.batch ?? {}, 'batch.');
  checkedHeaders(config.otlpHeaders ?? {}, 'otlpHeaders');
  spanLimits(config.spanLimits);
  if (config.otlpEndpoint !== undefined) {
    tracesEndpoint('otlpEndpoint', config.otlpEndpoint, { insecure: true, isHttp: true });
  }
  const environment = new Environment();
  const exporterType = config.exporterType ?? exporterOf(environment);
  const resource = resourceOf(config, environment);
  const { onDiagnostic, tells } = diagnosticsOf(config, environment);

  let endpoint: Endpoint | undefined;
  if (exporterType === 'otlp') {
    refuseWhatIsToCome(environment);
    endpoint = endpointOf(config, environment);
  }
  const headers = config.otlpHeaders ?? headersOf(environment);
  if (endpoint?.isPlaintext && Object.keys(headers ?? {}).length > 0) {
    environment.warnings.push(`the OTLP headers go unencrypted to ${endpoint.url}: use https:// if they are secret`);
  }
  // Of an endpoint that was set and is not used; the default one was not set by anybody.
  const idle =
    config.otlpEndpoint ?? environment.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const hint =
    idle === undefined || idle === DEFAULT_ENDPOINT ? '' : ' (TRACE_EXPORTER=otlp sends them to the endpoint)';
  const target = exporterType === 'otlp' ? `otlp, to ${endpoint?.url}` : `${exporterType}${hint}`;
  return {
    exporterType,
    otlp: {
      url: endpoint?.url,
      headers,
      timeoutMillis:
        config.otlpTimeoutMillis ??
        environment.wholeNumber(1, 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT'),
      fetch: config.fetch,
    },
    batch: {
      scheduledDelayMillis: environment.wholeNumber(1, 'OTEL_BSP_SCHEDULE_DELAY'),
      exportTimeoutMillis: environment.wholeNumber(1, 'OTEL_BSP_EXPORT_TIMEOUT'),
      maxQueueSize: environment.wholeNumber(1, 'OTEL_BSP_MAX_QUEUE_SIZE'),
      maxExportBatchSize: environment.wholeNumber(1, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
      ...given(config.batch),
    },
    stdoutFormat: config.stdoutFormat ?? 'pretty',
    resource,
    sampler: samplerOf(config, environment),
    spanLimits: limitsOf(config, environment),
    idGenerator: config.idGenerator,
    spanProcessors: config.spanProcessors ?? [],
    propagator: new CompositePropagator({ propagators: config.propagators ?? propagatorsOf(environment) }),
    onDiagnostic,
    banner:
      exporterType === 'none' || config.quiet === true || !tells
        ? undefined
        : `${resource.attributes['service.name']}: spans go to ${target}`,
    warnings: environment.warnings,
  };
}

/** Without the members that are undefined, so that they do not hide those of the environment. */
function given<T extends object>(options: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function exporterOf(environment: Environment): ExporterType {
  if (environment.flag('OTEL_SDK_DISABLED') === true) return 'none';
  const own = environment.text('TRACE_EXPORTER');
  if (own !== undefined) {
    if (!oneOf(EXPORTERS)(own)) {
      throw new TypeError(`TRACE_EXPORTER: ${JSON.stringify(own)} is not one of ${EXPORTERS.join(', ')}`);
    }
    return own as ExporterType;
  }
  const standard = environment.text('OTEL_TRACES_EXPORTER');
  if (standard === 'console') return 'stdout';
  if (standard === 'otlp' || standard === 'none') return standard;
  if (standard !== undefined) environment.refuse('OTEL_TRACES_EXPORTER', standard, 'one of otlp, console, none');
  return 'stdout';
}

function diagnosticsOf(config: Config, environment: Environment): { onDiagnostic: DiagnosticHandler; tells: boolean } {
  const levels = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'];
  const name = environment.text('OTEL_LOG_LEVEL')?.toLowerCase();
  const known = name !== undefined && levels.includes(name);
  if (name !== undefined && !known) environment.refuse('OTEL_LOG_LEVEL', name, `one of ${levels.join(', ')}`);
  const level = known ? levels.indexOf(name) : levels.indexOf('info');
  const byLevel = (diagnostic: Diagnostic) => {
    if (levels.indexOf(diagnostic.level) <= level) printDiagnostic(diagnostic);
  };
  return { onDiagnostic: config.onDiagnostic ?? byLevel, tells: level >= levels.indexOf('info') };
}

/** Settings of the specification whose features are still to come: an error beats being ignored. */
function refuseWhatIsToCome(environment: Environment): void {
  const check = (setting: string, works?: string, toCome: string[] = []) => {
    // What is said of traces stands before what is said of all signals.
    for (const name of [`OTEL_EXPORTER_OTLP_TRACES_${setting}`, `OTEL_EXPORTER_OTLP_${setting}`]) {
      const value = environment.text(name);
      if (value === undefined) continue;
      if (value === works) return;
      if (works === undefined || toCome.includes(value)) {
        throw new Error(
          `not supported yet: ${name}=${JSON.stringify(value)}; spans leave as http/protobuf, uncompressed`,
        );
      }
      environment.refuse(name, value, `one of ${[works, ...toCome].join(', ')}`);
    }
  };
  check('PROTOCOL', 'http/protobuf', ['http/json', 'grpc']);
  check('COMPRESSION', 'none', ['gzip']);
  for (const setting of ['CERTIFICATE', 'CLIENT_KEY', 'CLIENT_CERTIFICATE']) check(setting);
}

function endpointOf(config: Config, environment: Environment): Endpoint {
  const insecure = environment.flag('OTEL_EXPORTER_OTLP_TRACES_INSECURE', 'OTEL_EXPORTER_OTLP_INSECURE') ?? true;
  // Only a stated protocol makes an endpoint on port 4317, gRPC's, one for HTTP.
  const isHttp =
    environment.text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL') === 'http/protobuf';
  const base = config.otlpEndpoint;
  if (base !== undefined) return tracesEndpoint('otlpEndpoint', base, { insecure, isHttp });
  const traces = environment.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (traces !== undefined) {
    return tracesEndpoint('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', traces, { insecure, isHttp, isComplete: true });
  }
  const standard = environment.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? DEFAULT_ENDPOINT;
  return tracesEndpoint('OTEL_EXPORTER_OTLP_ENDPOINT', standard, { insecure, isHttp });
}

function headersOf(environment: Environment): Record<string, string> | undefined {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS']) {
    const headers = environment.pairs(true, name);
    if (headers === undefined) continue;
    try {
      return checkedHeaders(headers, name);
    } catch (error) {
      environment.warnings.push(`${messageOf(error)}; no headers are sent`);
    }
  }
  return undefined;
}

function resourceOf(config: Config, environment: Environment): Resource {
  const fromEnvironment: Attributes = environment.pairs(false, 'OTEL_RESOURCE_ATTRIBUTES') ?? {};
  const attributes: Attributes = {
    ...runtime.processAttributes(),
    ...fromEnvironment,
    'service.name': environment.text('OTEL_SERVICE_NAME') ?? (fromEnvironment['service.name'] || 'realtime-ai'),
    'service.version': fromEnvironment['service.version'] || '0.1.0',
    environment: environment.text('ENVIRONMENT') ?? (fromEnvironment.environment || 'development'),
    ...config.resourceAttributes,
    ...given({
      'service.name': config.serviceName,
      'service.version': config.serviceVersion,
      environment: config.environment,
    }),
  };
  // The original's name and the conventions' for the same thing.
  attributes['deployment.environment.name'] ??= attributes.environment;
  return { attributes };
}

function samplerOf(config: Config, environment: Environment): Sampler {
  if (config.sampler !== undefined) return config.sampler;
  const parentBased = (root: Sampler) => new ParentBasedSampler({ root });
  if (config.samplingRate !== undefined) return parentBased(new TraceIdRatioBasedSampler(config.samplingRate));
  const name = environment.text('OTEL_TRACES_SAMPLER');
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratioOf(environment));
    case 'parentbased_always_off':
      return parentBased(new AlwaysOffSampler());
    case 'parentbased_traceidratio':
      return parentBased(new TraceIdRatioBasedSampler(ratioOf(environment)));
    case undefined:
    case 'parentbased_always_on':
      break;
    default:
      environment.refuse(
        'OTEL_TRACES_SAMPLER',
        name,
        'one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio',
      );
  }
  return parentBased(new AlwaysOnSampler());
}

function ratioOf(environment: Environment): number {
  const text = environment.text('OTEL_TRACES_SAMPLER_ARG');
  if (text === undefined) return 1;
  const ratio = Number(text);
  if (isRate(ratio)) return ratio;
  environment.refuse('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1');
  return 1;
}

function limitsOf(config: Config, environment: Environment): Partial<SpanLimits> {
  const limit = (...names: string[]) => environment.wholeNumber(0, ...names.map((name) => `OTEL_${name}_LIMIT`));
  return {
    attributeCountLimit: limit('SPAN_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
    attributeValueLengthLimit: limit('SPAN_ATTRIBUTE_VALUE_LENGTH', 'ATTRIBUTE_VALUE_LENGTH'),
    eventCountLimit: limit('SPAN_EVENT_COUNT'),
    linkCountLimit: limit('SPAN_LINK_COUNT'),
    attributePerEventCountLimit: limit('EVENT_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
    attributePerLinkCountLimit: limit('LINK_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
    ...given(config.spanLimits),
  };
}

function propagatorsOf(environment: Environment): TextMapPropagator[] {
  const names = environment.text('OTEL_PROPAGATORS')?.split(',') ?? ['tracecontext', 'baggage'];
  const propagators: TextMapPropagator[] = [];
  for (const name of new Set(names.map((each) => each.trim()))) {
    switch (name) {
      case 'tracecontext':
        propagators.push(new W3CTraceContextPropagator());
        break;
      case 'baggage':
        propagators.push(new W3CBaggagePropagator());
        break;
      case 'none':
        return [];
      case 'b3':
      case 'b3multi':
      case 'jaeger':
        throw new Error(`not supported yet: OTEL_PROPAGATORS with "${name}"; there are tracecontext, baggage, none`);
      default:
        environment.refuse('OTEL_PROPAGATORS', name, 'one of tracecontext, baggage, none');
    }
  }
  return propagators.length > 0 ? propagators : [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
}
