import { checkedTls, loadGrpc, processAttributes, readFile } from '#platform';
import type { Config, ExporterType, OtlpProtocol } from '../config.ts';
import { type Diagnostic, printDiagnostic, report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { SpanProcessor } from '../core/processor.ts';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '../core/sampler.ts';
import { Environment } from '../environment.ts';
import { DEFAULT_ENDPOINT, isPlaintext, meansGrpc, shownUrl, tracesEndpoint } from '../export/otlp/endpoint.ts';
import { GRPC_ENDPOINT, OnDemandGrpcExporter } from '../export/otlp/grpc.ts';
import { checkedHeaders } from '../export/otlp/headers.ts';
import { JsonEncoding } from '../export/otlp/json-encoding.ts';
import type { TlsOptions } from '../export/otlp/tls.ts';
import { StdoutSpanProcessor } from '../export/stdout.ts';
import { B3Propagator } from '../propagation/b3.ts';
import { W3CBaggagePropagator } from '../propagation/baggage.ts';
import { JaegerPropagator } from '../propagation/jaeger.ts';
import type { TextMapPropagator } from '../propagation/propagator.ts';
import { W3CTraceContextPropagator } from '../propagation/trace-context.ts';
import { checkSetting, EXPORTER_TYPE, given, RATE } from '../setting.ts';
import type { HostDefaults, HostSettings } from './host.ts';

export { flushAtEnd } from './process-end.ts';

/**
 * Returns a processor that prints to standard output at once, so that ended spans appear even if `process.exit`
 * follows.
 */
export function stdoutProcessor({ stdoutFormat, stdoutAttributes }: Config): SpanProcessor {
  return new StdoutSpanProcessor({ format: stdoutFormat, attributes: stdoutAttributes });
}

/** Returns the settings in `config`, completed by environment variables, which are read once. */
export function hostSettings(config: Config): HostSettings {
  const environment = new Environment(config.env);
  // The operator's switch. It overrides everything else.
  const isDisabled = environment.flag('OTEL_SDK_DISABLED') === true;
  const exporterType = isDisabled ? 'none' : (config.exporterType ?? exporterOf(environment));
  const isOtlp = exporterType === 'otlp';
  const resourceAttributes = { ...processAttributes(), ...attributesOf(environment), ...config.resourceAttributes };
  const { onDiagnostic, quiet } = diagnosticsOf(environment);
  const otlpHeaders = config.otlpHeaders ?? headersOf(environment);
  // Check this even without OTLP: a mistake must not wait for the day that spans leave over OTLP.
  if (config.otlpTls && !isOtlp) checkedTls(config.otlpTls, 'otlpTls', 'https:');
  const timeoutMillis = environment.wholeNumber(1, 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT');
  return {
    ...config,
    exporterType,
    ...(isDisabled && { spanProcessors: [] }),
    otlpHeaders,
    otlpTimeoutMillis: config.otlpTimeoutMillis ?? timeoutMillis,
    ...(isOtlp && otlpOf({ ...config, otlpHeaders }, environment)),
    resourceAttributes,
    sampler: samplerOf(config, environment),
    spanLimits: { ...limitsOf(environment), ...given(config.spanLimits) },
    batch: { ...batchOf(environment), ...given(config.batch) },
    propagators: config.propagators ?? propagatorsOf(environment),
    onDiagnostic: config.onDiagnostic ?? onDiagnostic,
    quiet: config.quiet ?? quiet,
    ...(!isOtlp && { hint: hintOf(config, environment) }),
    warnings: environment.warnings,
  };
}

/** Returns the settings of the Go original: those in environment variables, then those in `defaults`. */
export function hostDefaults(defaults: Config): HostDefaults {
  const environment = new Environment();
  const attributes = attributesOf(environment);
  const { 'service.name': serviceName, 'service.version': serviceVersion } = attributes;
  const environmentName = attributes.environment ?? (attributes['deployment.environment.name'] || undefined);
  const config: HostDefaults = {
    ...defaults,
    ...given({ serviceName, serviceVersion, environment: environmentName }),
    exporterType: environment.flag('OTEL_SDK_DISABLED') ? 'none' : exporterOf(environment),
    otlpEndpoint:
      environment.text('OTEL_EXPORTER_OTLP_ENDPOINT') ??
      (environment.text(...namesOf('PROTOCOL'))?.toLowerCase() === 'grpc' ? GRPC_ENDPOINT : DEFAULT_ENDPOINT),
    warnings: environment.warnings,
  };
  // Leave out settings that can say less than the variables.
  if (environment.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== undefined) delete config.otlpEndpoint;
  if (environment.text('OTEL_TRACES_SAMPLER') !== undefined) delete config.samplingRate;
  if (config.exporterType === 'none') delete config.exporterType;
  return config;
}

/** Reports settings that could not be used. Each has a key of its own, so that none is throttled because of another. */
export function reportSettings(warnings: readonly string[]): void {
  for (const warning of warnings) report('setting_refused', warning, 'warn', warning);
}

function exporterOf(environment: Environment): ExporterType {
  const own = environment.text('TRACE_EXPORTER')?.toLowerCase();
  if (own !== undefined) {
    checkSetting('TRACE_EXPORTER', own, EXPORTER_TYPE);
    return own as ExporterType;
  }
  const standard = environment.text('OTEL_TRACES_EXPORTER');
  const listed = (standard?.toLowerCase().split(',') ?? []).map((each) => each.trim());
  // The variable may hold a list. Spans that are to be sent are not only printed.
  const first = ['otlp', 'console', 'none'].find((each) => listed.includes(each));
  if (standard !== undefined && (listed.length > 1 || first === undefined)) {
    environment.refuse(
      'OTEL_TRACES_EXPORTER',
      standard,
      'one of otlp, console, none',
      first && `only ${first} is used`,
    );
  }
  return first === 'otlp' || first === 'none' ? first : 'stdout';
}

function diagnosticsOf(environment: Environment): Pick<HostSettings, 'onDiagnostic' | 'quiet'> {
  const levels = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'];
  const name = environment.text('OTEL_LOG_LEVEL')?.toLowerCase();
  const known = name !== undefined && levels.includes(name);
  if (name !== undefined && !known) environment.refuse('OTEL_LOG_LEVEL', name, `one of ${levels.join(', ')}`);
  const level = levels.indexOf(known ? name : 'info');
  const onDiagnostic = (diagnostic: Diagnostic) => {
    if (levels.indexOf(diagnostic.level) <= level) printDiagnostic(diagnostic);
  };
  return { onDiagnostic, quiet: level < levels.indexOf('info') };
}

/** Returns the settings that count only if spans leave over OTLP: how they leave, and where to. */
function otlpOf(config: Config, environment: Environment): Partial<HostSettings> {
  const { otlpHeaders = {}, otlpTls, fetch } = config;
  const otlpProtocol = config.otlpProtocol ?? protocolOf(environment);
  const [otlpUrl, isGrpc] = urlOf(config, environment, otlpProtocol);
  if (isGrpc && fetch) {
    throw new TypeError('fetch: OTLP over gRPC does not use it; set otlpProtocol to http/protobuf, and use port 4318');
  }
  const hasHeaders = typeof otlpHeaders === 'function' || Object.keys(otlpHeaders).length > 0;
  if (hasHeaders && isPlaintext(otlpUrl)) {
    environment.warnings.push(
      `the OTLP headers are sent unencrypted to ${shownUrl(otlpUrl)}: use https:// if they are secret`,
    );
  }
  return {
    otlpUrl,
    otlpEncoding: otlpProtocol === 'http/json' ? new JsonEncoding() : undefined,
    otlpTls: otlpTls ? checkedTls(otlpTls, 'otlpTls', fetch ?? otlpUrl) : tlsOf(config, environment, otlpUrl),
    otlpCompression: config.otlpCompression ?? environment.word(['gzip', 'none'], ...namesOf('COMPRESSION'))?.[1],
    ...(isGrpc && { _exporter: OnDemandGrpcExporter, hint: ', over gRPC' }),
  };
}

/** Variables for traces precede those for all signals. */
function namesOf(setting: string): string[] {
  return [`OTEL_EXPORTER_OTLP_TRACES_${setting}`, `OTEL_EXPORTER_OTLP_${setting}`];
}

function protocolOf(environment: Environment): OtlpProtocol | undefined {
  return environment.word(['http/protobuf', 'http/json', 'grpc'], ...namesOf('PROTOCOL'))?.[1];
}

const TLS_FILES = { ca: 'CERTIFICATE', cert: 'CLIENT_CERTIFICATE', key: 'CLIENT_KEY' };

/**
 * Returns the certificates in the files that the variables name. @throws Error naming the variable, and the path if it
 * is one.
 */
function tlsOf({ fetch }: Config, environment: Environment, url: string): TlsOptions | undefined {
  const files = Object.entries(TLS_FILES).flatMap(([member, setting]) => {
    const [name, path = ''] = environment.entry(...namesOf(setting)) ?? [];
    return name === undefined ? [] : [{ member, name, path }];
  });
  if (files.length === 0) return undefined;
  // These variables may be meant for other signals.
  if (fetch || !url.startsWith('https:')) {
    const who = fetch ? 'a custom fetch' : shownUrl(url);
    environment.warnings.push(`${files.map(({ name }) => name).join(', ')}: ${who} does not use certificates`);
    return undefined;
  }
  const tls: Record<string, Uint8Array> = {};
  const names: Record<string, string> = {};
  for (const { member, name, path } of files) {
    // The variable holds a key itself, which must not be shown.
    if (path.includes('-----BEGIN')) throw new Error(`${name}: must be the path of a file, not its content`);
    names[member] = `${name}=${JSON.stringify(path)}`;
    try {
      tls[member] = readFile(path);
    } catch (error) {
      throw new Error(`${names[member]}: the file cannot be read: ${messageOf(error)}`);
    }
  }
  return checkedTls(tls, 'otlpTls', url, names);
}

/**
 * Returns where requests go, and whether over gRPC. @throws Error if gRPC is asked for and the runtime has no HTTP/2.
 */
function urlOf(
  { otlpEndpoint }: Config,
  environment: Environment,
  protocol: OtlpProtocol | undefined,
): [url: string, isGrpc: boolean] {
  const insecure = environment.flag('OTEL_EXPORTER_OTLP_TRACES_INSECURE', 'OTEL_EXPORTER_OTLP_INSECURE');
  // `defaultConfig` returns the endpoint for HTTP. Callers who then ask for gRPC mean the default endpoint for gRPC.
  const isOther = protocol === 'grpc' && otlpEndpoint === DEFAULT_ENDPOINT;
  const [setting, value] =
    otlpEndpoint && !isOther
      ? ['otlpEndpoint', otlpEndpoint]
      : (environment.entry(...namesOf('ENDPOINT')) ?? [
          'otlpEndpoint',
          protocol === 'grpc' ? GRPC_ENDPOINT : DEFAULT_ENDPOINT,
        ]);
  const url = new URL(tracesEndpoint(setting, value, { insecure, isHttp: true, isComplete: true }));
  // The port decides only if no protocol is stated.
  const isHttp = protocol === undefined ? !meansGrpc(url) : protocol !== 'grpc';
  if (isHttp || (loadGrpc === undefined && protocol === undefined)) {
    const isComplete = setting === 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    return [tracesEndpoint(setting, value, { insecure, isHttp, isComplete }), false];
  }
  if (loadGrpc === undefined) {
    throw new Error('otlpProtocol: "grpc" works only on Node, Bun and Deno; use http/protobuf, and port 4318');
  }
  const { origin, pathname, search } = url;
  if (pathname + search !== '/') {
    environment.warnings.push(`${setting}: gRPC ignores the path, only ${origin} is used`);
  }
  return [origin, true];
}

/** Points out an endpoint that is set but not used. Ignores the default one, which nobody has set. */
function hintOf(config: Config, environment: Environment): string {
  const idle = config.otlpEndpoint ?? environment.text(...namesOf('ENDPOINT'));
  if (idle === undefined || idle === DEFAULT_ENDPOINT) return '';
  // A setting in code overrides the variable.
  return ` (set ${config.exporterType ? 'exporterType: "otlp"' : 'TRACE_EXPORTER=otlp'} to send them to the endpoint)`;
}

/** Returns the headers for all signals, overridden by those for traces. */
function headersOf(environment: Environment): Record<string, string> | undefined {
  let headers: Record<string, string> | undefined;
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS']) {
    const pairs = environment.pairs(true, name);
    if (pairs === undefined) continue;
    try {
      headers = { ...headers, ...checkedHeaders(pairs, name) };
    } catch (error) {
      environment.warnings.push(`${messageOf(error)}; its headers are not sent`);
    }
  }
  return headers;
}

/** Returns the resource attributes. Empty ones are left out if they have a default. */
function attributesOf(environment: Environment): Record<string, string> {
  const attributes = environment.pairs(false, 'OTEL_RESOURCE_ATTRIBUTES') ?? {};
  const own = {
    'service.name': environment.text('OTEL_SERVICE_NAME'),
    'service.version': undefined,
    environment: environment.text('ENVIRONMENT'),
  };
  for (const [key, value] of Object.entries(own)) {
    if (value !== undefined) attributes[key] = value;
    else if (attributes[key] === '') delete attributes[key];
  }
  return attributes;
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  // The default.
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

function samplerOf({ sampler, samplingRate }: Config, environment: Environment): Sampler | undefined {
  const parentBased = (root: Sampler) => new ParentBasedSampler({ root });
  // Settings in code override the variables.
  if (sampler !== undefined) return sampler;
  if (samplingRate !== undefined) return parentBased(new TraceIdRatioBasedSampler(samplingRate));
  switch (environment.word(SAMPLERS, 'OTEL_TRACES_SAMPLER')?.[1]) {
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
    default:
      return undefined;
  }
}

function ratioOf(environment: Environment): number {
  const text = environment.text('OTEL_TRACES_SAMPLER_ARG');
  if (text === undefined) return 1;
  const [allowed, isRate] = RATE;
  const ratio = Number(text);
  if (isRate(ratio)) return ratio;
  environment.refuse('OTEL_TRACES_SAMPLER_ARG', text, allowed);
  return 1;
}

function limitsOf(environment: Environment): HostSettings['spanLimits'] {
  const limit = (...names: string[]) => environment.wholeNumber(0, ...names.map((name) => `OTEL_${name}_LIMIT`));
  return {
    attributeCountLimit: limit('SPAN_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
    attributeValueLengthLimit: limit('SPAN_ATTRIBUTE_VALUE_LENGTH', 'ATTRIBUTE_VALUE_LENGTH'),
    eventCountLimit: limit('SPAN_EVENT_COUNT'),
    linkCountLimit: limit('SPAN_LINK_COUNT'),
    attributePerEventCountLimit: limit('EVENT_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
    attributePerLinkCountLimit: limit('LINK_ATTRIBUTE_COUNT', 'ATTRIBUTE_COUNT'),
  };
}

function batchOf(environment: Environment): HostSettings['batch'] {
  return {
    scheduledDelayMillis: environment.wholeNumber(1, 'OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: environment.wholeNumber(1, 'OTEL_BSP_EXPORT_TIMEOUT'),
    maxQueueSize: environment.wholeNumber(1, 'OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: environment.wholeNumber(1, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  };
}

const PROPAGATORS: Readonly<Record<string, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator(),
  b3multi: () => new B3Propagator({ injectEncoding: 'multi' }),
  jaeger: () => new JaegerPropagator(),
};

/** Returns the propagators in the order of the list, or `undefined` if none of those named is known. */
function propagatorsOf(environment: Environment): TextMapPropagator[] | undefined {
  const variable = 'OTEL_PROPAGATORS';
  const names = environment.text(variable)?.toLowerCase().split(',') ?? [];
  const listed = new Set(names.map((name) => name.trim()).filter(Boolean));
  if (listed.delete('none')) {
    if (listed.size > 0)
      environment.warnings.push(`${variable}: "none" is combined with other names; nothing is propagated`);
    return [];
  }
  const known = [...listed].filter((name) => Object.hasOwn(PROPAGATORS, name));
  for (const name of known) listed.delete(name);
  // This refuses `xray` and `ottrace`, too, which the specification names.
  const allowed = `one of ${Object.keys(PROPAGATORS).join(', ')}, none`;
  for (const name of listed)
    environment.refuse(variable, name, allowed, known.length > 0 ? 'it is ignored' : undefined);
  return known.length > 0 ? known.map((name) => PROPAGATORS[name]()) : undefined;
}
