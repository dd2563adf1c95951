import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, defaultConfig, type ResolvedConfig, resolveConfig } from '../src/config.ts';
import { type Context, ROOT_CONTEXT, spanIn } from '../src/core/context.ts';
import { InMemorySpanExporter } from '../src/export/memory.ts';
import { SimpleSpanProcessor } from '../src/export/simple.ts';
import type { TextMapSetter } from '../src/propagation/propagator.ts';
import { withVariables } from './variables.ts';

type Variables = Record<string, string>;
const resolved = (variables: Variables, config: Config = {}): ResolvedConfig =>
  withVariables(variables, () => resolveConfig(config));
const otlp = (variables: Variables, config: Config = {}): ResolvedConfig =>
  resolved(variables, { exporterType: 'otlp', ...config });

describe('the settings', () => {
  it('have defaults', () => {
    const config = resolved({});
    assert.equal(config.exporterType, 'stdout');
    assert.equal(config.stdoutFormat, undefined);
    assert.equal(config.otlp.headers, undefined);
    assert.equal(config.otlp.timeoutMillis, undefined);
    assert.equal(config.sampler, undefined);
    assert.deepEqual(config.propagator.fields(), ['traceparent', 'tracestate', 'baggage']);
    assert.equal(config.spanProcessors, undefined);
    assert.equal(config.idGenerator, undefined);
    assert.equal(config.banner, 'realtime-ai: exporting spans to stdout');
    assert.deepEqual(config.warnings, []);
    assert.equal(otlp({}).otlp.url, 'http://localhost:4318/v1/traces');
    const { attributes } = config.resource;
    assert.equal(attributes['service.name'], 'realtime-ai');
    assert.equal(attributes['service.version'], '0.1.0');
    assert.equal(attributes.environment, 'development');
    assert.equal(attributes['deployment.environment.name'], 'development');
    assert.equal(attributes['process.pid'], process.pid);
  });

  it('resolve the fields of the original from variables and defaults', () => {
    assert.deepEqual(withVariables({}, defaultConfig), {
      serviceName: 'realtime-ai',
      serviceVersion: '0.1.0',
      environment: 'development',
      exporterType: 'stdout',
      otlpEndpoint: 'http://localhost:4318',
      samplingRate: 1,
    });
    assert.deepEqual(
      withVariables(
        {
          TRACE_EXPORTER: 'otlp',
          ENVIRONMENT: 'production',
          OTEL_SERVICE_NAME: 'named',
          OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,service.version=2.0.0,environment=staging',
          OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
        },
        defaultConfig,
      ),
      {
        serviceName: 'named',
        serviceVersion: '2.0.0',
        environment: 'production',
        exporterType: 'otlp',
        otlpEndpoint: 'collector:4318',
        samplingRate: 1,
      },
    );
  });

  it('read variables from an object instead of the process, with the same precedence', () => {
    const config = resolved(
      { OTEL_SERVICE_NAME: 'of the process', TRACE_EXPORTER: 'none', OTEL_BSP_MAX_QUEUE_SIZE: '7' },
      {
        env: {
          TRACE_EXPORTER: 'otlp',
          OTEL_TRACES_EXPORTER: 'none',
          ENVIRONMENT: 'staging',
          OTEL_EXPORTER_OTLP_ENDPOINT: 'https://of.the.object',
          OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer s3cret%',
          OTEL_TRACES_SAMPLER: 'always_off',
          OTEL_SERVICE_NAME: { get: () => 'a binding' },
        },
        environment: 'of the code',
      },
    );
    assert.equal(config.exporterType, 'otlp');
    assert.equal(config.otlp.url, 'https://of.the.object/v1/traces');
    assert.equal(String(config.sampler), 'AlwaysOffSampler');
    assert.equal(config.resource.attributes['service.name'], 'realtime-ai');
    assert.equal(config.resource.attributes.environment, 'of the code');
    assert.equal(config.batch?.maxQueueSize, undefined);
    assert.equal(config.warnings.length, 1);
    assert.match(
      config.warnings[0],
      /^OTEL_EXPORTER_OTLP_HEADERS: its value is not comma-separated, percent-encoded key=value pairs/,
    );
    assert.doesNotMatch(JSON.stringify([config.banner, config.warnings]), /s3cret/);
  });

  it('return only those of the original, resolved from variables', () => {
    const variables = {
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://host/as/it/is',
      TRACE_EXPORTER: 'otlp',
    };
    const config = withVariables(variables, () => resolveConfig(defaultConfig()));
    assert.equal(String(config.sampler), 'AlwaysOffSampler');
    assert.equal(config.otlp.url, 'https://host/as/it/is');
  });

  it('throw an error with the name, the value and what is allowed if one is wrong', () => {
    const wrong: [config: unknown, message: string][] = [
      [{ env: 's3cret' }, 'env: the given string is not an object'],
      [{ serviceName: '' }, 'serviceName: "" is not a non-empty string'],
      [{ serviceVersion: 1 }, 'serviceVersion: 1 is not a non-empty string'],
      [{ environment: {} }, 'environment: {} is not a non-empty string'],
      [{ exporterType: 'jaeger' }, 'exporterType: "jaeger" is not one of stdout, otlp, none'],
      [{ otlpEndpoint: 4318 }, 'otlpEndpoint: 4318 is not a non-empty string'],
      [{ otlpHeaders: 'a=b' }, 'otlpHeaders: the given string is not an object or a function'],
      [{ otlpTimeoutMillis: 0 }, 'otlpTimeoutMillis: 0 is not a number above 0'],
      [{ otlpTimeoutMillis: NaN }, 'otlpTimeoutMillis: NaN is not a number above 0'],
      [{ otlpTls: '-----BEGIN' }, 'otlpTls: the given string is not an object'],
      [{ otlpTls: null }, 'otlpTls: null is not an object'],
      [{ otlpTls: { file: '' } }, 'otlpTls.file: unknown option; known options are ca, cert, key'],
      [{ otlpCompression: 'br' }, 'otlpCompression: "br" is not one of gzip, none'],
      [{ otlpProtocol: 'thrift' }, 'otlpProtocol: "thrift" is not one of http/protobuf, http/json, grpc'],
      [{ fetch: 'fetch' }, 'fetch: "fetch" is not a function'],
      [{ samplingRate: 1.5 }, 'samplingRate: 1.5 is not a number from 0 to 1'],
      [{ samplingRate: NaN }, 'samplingRate: NaN is not a number from 0 to 1'],
      [{ samplingRate: '0.5' }, 'samplingRate: "0.5" is not a number from 0 to 1'],
      [{ sampler: {} }, 'sampler: {} is not an object with shouldSample()'],
      [{ stdoutFormat: 'xml' }, 'stdoutFormat: "xml" is not one of pretty, json'],
      [
        { stdoutAttributes: 'llm.*' },
        'stdoutAttributes: "llm.*" is not an array of attribute keys, or of key prefixes followed by *',
      ],
      [
        { stdoutAttributes: ['llm.*', 'a*b'] },
        'stdoutAttributes: ["llm.*", "a*b"] is not an array of attribute keys, or of key prefixes followed by *',
      ],
      [{ resourceAttributes: null }, 'resourceAttributes: null is not an object'],
      [{ spanLimits: 5 }, 'spanLimits: 5 is not an object'],
      [{ batch: [] }, 'batch: [] is not an object'],
      [{ idGenerator: {} }, 'idGenerator: {} is not an object with generateTraceId() and generateSpanId()'],
      [{ spanProcessors: [{}] }, 'spanProcessors: [{}] is not an array of span processors'],
      [{ propagators: {} }, 'propagators: {} is not an array of propagators'],
      [{ onDiagnostic: 1 }, 'onDiagnostic: 1 is not a function'],
      [{ quiet: 'yes' }, 'quiet: "yes" is not true or false'],
      [{ flushOnExit: 1 }, 'flushOnExit: 1 is not true or false'],
      [{ flushOnCrash: 'no' }, 'flushOnCrash: "no" is not true or false'],
      [null, 'config: null is not an object'],
      ['otlp', 'config: "otlp" is not an object'],
      [{ serviceName: Object.create(null) }, 'serviceName: the given object is not a non-empty string'],
    ];
    for (const [config, message] of wrong) {
      assert.throws(() => resolved({}, config as Config), { name: 'TypeError', message });
    }
    assert.throws(() => resolved({}, { samplingrate: 1 } as Config), {
      message: /^samplingrate: unknown option; known options are serviceName, .*samplingRate, /,
    });
  });

  it('treat undefined as not set', () => {
    const names = ['serviceName', 'exporterType', 'samplingRate', 'batch', 'spanLimits', 'propagators', 'otlpEndpoint'];
    const config = Object.fromEntries(names.map((name) => [name, undefined]));
    assert.equal(resolved({ OTEL_SERVICE_NAME: 'named' }, config).resource.attributes['service.name'], 'named');
    const variables = { OTEL_BSP_MAX_QUEUE_SIZE: '5', OTEL_SPAN_EVENT_COUNT_LIMIT: '6' };
    const limits = { eventCountLimit: undefined };
    const both = resolved(variables, { batch: { maxQueueSize: undefined }, spanLimits: limits });
    assert.equal(both.batch?.maxQueueSize, 5);
    assert.equal(both.spanLimits?.eventCountLimit, 6);
  });
});

describe('the exporter', () => {
  const exporterOf = (variables: Variables, config: Config = {}) => resolved(variables, config).exporterType;

  it('comes from the argument, TRACE_EXPORTER, OTEL_TRACES_EXPORTER, or is stdout', () => {
    const all = { TRACE_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'otlp' };
    assert.equal(exporterOf(all, { exporterType: 'stdout' }), 'stdout');
    assert.equal(exporterOf(all), 'none');
    assert.equal(exporterOf({ ...all, TRACE_EXPORTER: '' }), 'otlp');
    assert.equal(exporterOf({ OTEL_TRACES_EXPORTER: 'console' }), 'stdout');
    assert.equal(exporterOf({ OTEL_TRACES_EXPORTER: 'none' }), 'none');
    const listed = resolved({ OTEL_TRACES_EXPORTER: 'console, otlp' });
    assert.equal(listed.exporterType, 'otlp');
    assert.deepEqual(listed.warnings, [
      'OTEL_TRACES_EXPORTER: "console, otlp" is not one of otlp, console, none; only otlp is used',
    ]);
    const other = resolved({ OTEL_TRACES_EXPORTER: 'zipkin,console' });
    assert.equal(other.exporterType, 'stdout');
    assert.match(other.warnings[0], /^OTEL_TRACES_EXPORTER: "zipkin,console" is not one of .*; only console is used$/);
    for (const name of ['stdout', 'otlp', 'none'] as const) {
      assert.equal(exporterOf({ TRACE_EXPORTER: name }), name);
      assert.equal(exporterOf({ TRACE_EXPORTER: name.toUpperCase() }), name);
    }
    const upper = resolved({ OTEL_TRACES_EXPORTER: 'OTLP' });
    assert.deepEqual([upper.exporterType, upper.warnings], ['otlp', []]);
  });

  it('is left out of the default settings if variables turn tracing off', () => {
    const off: Variables[] = [
      { TRACE_EXPORTER: 'none' },
      { OTEL_TRACES_EXPORTER: 'none' },
      { OTEL_SDK_DISABLED: 'true' },
    ];
    for (const variables of off) {
      const config = withVariables(variables, defaultConfig);
      assert.ok(!('exporterType' in config), 'code would override the variable');
      assert.equal(exporterOf(variables, config), 'none');
    }
  });

  it('is none if the SDK is disabled, which leaves propagation on', () => {
    const config = resolved({ OTEL_SDK_DISABLED: 'TRUE', TRACE_EXPORTER: 'otlp' });
    assert.equal(config.exporterType, 'none');
    assert.equal(config.banner, undefined);
    assert.deepEqual(config.propagator.fields(), ['traceparent', 'tracestate', 'baggage']);
    // The operator's switch overrides the code.
    const inCode = resolved(
      { OTEL_SDK_DISABLED: 'true' },
      { exporterType: 'otlp', spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] },
    );
    assert.deepEqual([inCode.exporterType, inCode.spanProcessors], ['none', []]);
    assert.equal(exporterOf({ OTEL_SDK_DISABLED: 'false' }), 'stdout');
    assert.equal(
      resolved({ OTEL_SDK_DISABLED: '1' }).warnings[0],
      'OTEL_SDK_DISABLED: "1" is not true or false; the default is used',
    );
  });

  it('with an unknown name throws in our own variable, and warns in the standard one', () => {
    assert.throws(() => exporterOf({ TRACE_EXPORTER: 'zipkin' }), {
      name: 'TypeError',
      message: 'TRACE_EXPORTER: "zipkin" is not one of stdout, otlp, none',
    });
    assert.throws(() => withVariables({ TRACE_EXPORTER: 'zipkin' }, defaultConfig), /TRACE_EXPORTER: "zipkin"/);
    const config = resolved({ OTEL_TRACES_EXPORTER: 'zipkin' });
    assert.equal(config.exporterType, 'stdout');
    assert.deepEqual(config.warnings, [
      'OTEL_TRACES_EXPORTER: "zipkin" is not one of otlp, console, none; the default is used',
    ]);
  });
});

describe('the resource', () => {
  const attributesOf = (variables: Variables, config: Config = {}) => resolved(variables, config).resource.attributes;

  it('prefers the argument to ENVIRONMENT and OTEL_SERVICE_NAME, and these to OTEL_RESOURCE_ATTRIBUTES', () => {
    const variables = {
      ENVIRONMENT: 'production',
      OTEL_SERVICE_NAME: 'named',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=listed,service.version=2,environment=staging,team=a%20b',
    };
    const pick = (attributes: Record<string, unknown>) =>
      ['service.name', 'service.version', 'environment', 'team'].map((key) => attributes[key]);
    assert.deepEqual(pick(attributesOf(variables)), ['named', '2', 'production', 'a b']);
    const given = { serviceName: 'given', serviceVersion: '3', environment: 'test', resourceAttributes: { team: 'c' } };
    assert.deepEqual(pick(attributesOf(variables, given)), ['given', '3', 'test', 'c']);
    const { OTEL_RESOURCE_ATTRIBUTES } = variables;
    assert.deepEqual(pick(attributesOf({ OTEL_RESOURCE_ATTRIBUTES })), ['listed', '2', 'staging', 'a b']);
    const empty = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=,service.version=,environment=' };
    assert.deepEqual(pick(attributesOf(empty)), ['realtime-ai', '0.1.0', 'development', undefined]);
  });

  it('names its environment under both names, which may differ', () => {
    assert.equal(attributesOf({ ENVIRONMENT: 'production' })['deployment.environment.name'], 'production');
    const both = attributesOf({ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=standard,environment=own' });
    assert.deepEqual([both['deployment.environment.name'], both.environment], ['standard', 'own']);
    const OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment.name=listed';
    const name = (config: Config) =>
      resolved({ OTEL_RESOURCE_ATTRIBUTES }, config).resource.attributes['deployment.environment.name'];
    assert.equal(name({ environment: 'of the code' }), 'of the code');
    const resourceAttributes = { 'deployment.environment.name': 'expressly' };
    assert.equal(name({ environment: 'of the code', resourceAttributes }), 'expressly');
    assert.equal(name({}), 'listed');
    // Of the conventions' name alone, the other one is not contradicted by the default.
    assert.equal(attributesOf({ OTEL_RESOURCE_ATTRIBUTES }).environment, 'listed');
    assert.equal(withVariables({ OTEL_RESOURCE_ATTRIBUTES }, defaultConfig).environment, 'listed');
    const empty = { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=' };
    assert.equal(withVariables(empty, defaultConfig).environment, 'development');
  });

  it('ignores a malformed OTEL_RESOURCE_ATTRIBUTES with a warning', () => {
    const config = resolved({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=listed,team' });
    assert.equal(config.resource.attributes['service.name'], 'realtime-ai');
    assert.deepEqual(config.warnings, [
      'OTEL_RESOURCE_ATTRIBUTES: "service.name=listed,team" is not comma-separated, percent-encoded key=value pairs; the default is used',
    ]);
  });

  it('is named in the banner, unless quiet is set', () => {
    assert.equal(resolved({}, { serviceName: 's' }).banner, 's: exporting spans to stdout');
    assert.equal(otlp({}, { serviceName: 's' }).banner, 's: exporting spans to http://localhost:4318/v1/traces');
    assert.equal(resolved({}, { quiet: true }).banner, undefined);
    assert.equal(resolved({}, { exporterType: 'none' }).banner, undefined);
    assert.equal(resolved({ OTEL_LOG_LEVEL: 'error' }).banner, undefined);
    assert.match(resolved({ OTEL_LOG_LEVEL: 'error' }, { quiet: false }).banner ?? '', /exporting spans to stdout$/);
  });
});

describe('the sampler', () => {
  const samplerOf = (variables: Variables, config: Config = {}) => String(resolved(variables, config).sampler);

  it('comes from OTEL_TRACES_SAMPLER', () => {
    const names: [name: string, description: RegExp][] = [
      ['always_on', /^AlwaysOnSampler$/],
      ['always_off', /^AlwaysOffSampler$/],
      ['traceidratio', /^TraceIdRatioBased\{0\.25\}$/],
      ['parentbased_always_on', /^undefined$/],
      ['parentbased_always_off', /^ParentBased\{root=AlwaysOffSampler, /],
      ['parentbased_traceidratio', /^ParentBased\{root=TraceIdRatioBased\{0\.25\}, /],
      ['', /^undefined$/],
    ];
    for (const [name, description] of names) {
      for (const OTEL_TRACES_SAMPLER of [name, name.toUpperCase()]) {
        assert.match(samplerOf({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: '0.25' }), description);
      }
    }
    assert.equal(samplerOf({ OTEL_TRACES_SAMPLER: 'traceidratio' }), 'TraceIdRatioBased{1}');
  });

  it('comes from the code first', () => {
    const variables = { OTEL_TRACES_SAMPLER: 'always_off' };
    assert.match(samplerOf(variables, { samplingRate: 0.5 }), /^ParentBased\{root=TraceIdRatioBased\{0\.5\}, /);
    assert.match(samplerOf(variables, { samplingRate: 0 }), /^ParentBased\{root=TraceIdRatioBased\{0\}, /);
    const sampler = { shouldSample: () => ({ decision: 0 as const }) };
    assert.equal(resolved(variables, { sampler, samplingRate: 0.5 }).sampler, sampler);
  });

  it('is the default if the variables are wrong, with warnings', () => {
    const wrong = resolved({ OTEL_TRACES_SAMPLER: 'jaeger_remote' });
    assert.equal(wrong.sampler, undefined);
    assert.match(wrong.warnings[0], /^OTEL_TRACES_SAMPLER: "jaeger_remote" is not one of always_on, always_off, /);
    for (const ratio of ['-1', '2', 'x', 'NaN']) {
      const config = resolved({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: ratio });
      assert.equal(String(config.sampler), 'TraceIdRatioBased{1}');
      assert.deepEqual(config.warnings, [
        `OTEL_TRACES_SAMPLER_ARG: "${ratio}" is not a number from 0 to 1; the default is used`,
      ]);
    }
  });
});

describe('the limits', () => {
  const limitsOf = (variables: Variables, config: Config = {}) => resolved(variables, config).spanLimits ?? {};

  it('have a variable each', () => {
    assert.deepEqual(
      limitsOf({
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1',
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '2',
        OTEL_SPAN_EVENT_COUNT_LIMIT: '3',
        OTEL_SPAN_LINK_COUNT_LIMIT: '4',
        OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '5',
        OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '0',
        OTEL_ATTRIBUTE_COUNT_LIMIT: '9',
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '9',
      }),
      {
        attributeCountLimit: 1,
        attributeValueLengthLimit: 2,
        eventCountLimit: 3,
        linkCountLimit: 4,
        attributePerEventCountLimit: 5,
        attributePerLinkCountLimit: 0,
      },
    );
  });

  it('fall back to the general ones', () => {
    const { eventCountLimit, linkCountLimit, ...limits } = limitsOf({
      OTEL_ATTRIBUTE_COUNT_LIMIT: '7',
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '8',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '',
    });
    assert.deepEqual(limits, {
      attributeCountLimit: 7,
      attributeValueLengthLimit: 8,
      attributePerEventCountLimit: 7,
      attributePerLinkCountLimit: 7,
    });
    assert.deepEqual([eventCountLimit, linkCountLimit], [undefined, undefined]);
  });

  it('come from the code first', () => {
    const limits = limitsOf({ OTEL_SPAN_EVENT_COUNT_LIMIT: '3' }, { spanLimits: { eventCountLimit: 5 } });
    assert.equal(limits.eventCountLimit, 5);
  });

  it('cause a warning if they are wrong', () => {
    const config = resolved({ OTEL_SPAN_EVENT_COUNT_LIMIT: '-1' });
    assert.equal(config.spanLimits?.eventCountLimit, undefined);
    assert.match(config.warnings[0], /^OTEL_SPAN_EVENT_COUNT_LIMIT: "-1" is not a whole number of at least 0/);
  });
});

describe('the batch', () => {
  const variables = {
    OTEL_BSP_SCHEDULE_DELAY: '1',
    OTEL_BSP_EXPORT_TIMEOUT: '2',
    OTEL_BSP_MAX_QUEUE_SIZE: '3',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4',
  };

  it('has a variable for each setting, which the code overrides', () => {
    assert.deepEqual(resolved(variables).batch, {
      scheduledDelayMillis: 1,
      exportTimeoutMillis: 2,
      maxQueueSize: 3,
      maxExportBatchSize: 4,
    });
    assert.deepEqual(resolved(variables, { batch: { maxQueueSize: 9, maxQueueBytes: 8 } }).batch, {
      scheduledDelayMillis: 1,
      exportTimeoutMillis: 2,
      maxQueueSize: 9,
      maxExportBatchSize: 4,
      maxQueueBytes: 8,
    });
  });

  it('has its defaults if they are wrong, with warnings', () => {
    for (const name of Object.keys(variables)) {
      const config = resolved({ [name]: '0' });
      assert.ok(Object.values(config.batch ?? {}).every((value) => value === undefined));
      assert.deepEqual(config.warnings, [`${name}: "0" is not a whole number of at least 1; the default is used`]);
    }
  });
});

describe('the OTLP exporter', () => {
  const urlOf = (variables: Variables, config: Config = {}) => otlp(variables, config).otlp.url;

  it('sends to the endpoint of the code, the variable for traces, that for all signals, or the default', () => {
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/as/it/is' };
    const all = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://all/base' };
    assert.equal(urlOf({ ...traces, ...all }, { otlpEndpoint: 'https://code' }), 'https://code/v1/traces');
    assert.equal(urlOf({ ...traces, ...all }), 'https://traces/as/it/is');
    assert.equal(urlOf({ ...all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' }), 'https://all/base/v1/traces');
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), 'http://localhost:4318/v1/traces');
  });

  it('names the setting whose endpoint is unusable', () => {
    assert.throws(
      () => urlOf({}, { otlpEndpoint: 'ftp://host' }),
      /^TypeError: otlpEndpoint: "ftp:\/\/host" is neither a URL/,
    );
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
      assert.throws(() => urlOf({ [name]: 'ftp://host' }), new RegExp(`^TypeError: ${name}: `));
    }
  });

  it('uses HTTP on port 4317 if the protocol says so', () => {
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://host:4317' };
    assert.equal(urlOf({ ...variables, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }), 'http://host:4317/v1/traces');
    assert.equal(
      urlOf({ ...variables, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }),
      'http://host:4317/v1/traces',
    );
  });

  it('uses TLS for a bare endpoint if INSECURE is false', () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'host:4318' };
    assert.equal(urlOf(endpoint), 'http://host:4318/v1/traces');
    assert.equal(urlOf({ ...endpoint, OTEL_EXPORTER_OTLP_INSECURE: 'false' }), 'https://host:4318/v1/traces');
    const both = { OTEL_EXPORTER_OTLP_TRACES_INSECURE: 'true', OTEL_EXPORTER_OTLP_INSECURE: 'false' };
    assert.equal(urlOf({ ...endpoint, ...both }), 'http://host:4318/v1/traces');
    const malformed = otlp({ ...endpoint, OTEL_EXPORTER_OTLP_INSECURE: 'no' });
    assert.match(malformed.warnings[0], /^OTEL_EXPORTER_OTLP_INSECURE: "no" is not true or false/);
  });

  it('sends the headers of the code, or those for all signals overridden by those for traces', () => {
    const headersOf = (variables: Variables, config: Config = {}) => otlp(variables, config).otlp.headers;
    const all = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20dXNlcg==,x-tenant=a' };
    const traces = { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=b' };
    assert.deepEqual(headersOf(all), { authorization: 'Basic dXNlcg==', 'x-tenant': 'a' });
    assert.deepEqual(headersOf({ ...all, ...traces }), { authorization: 'Basic dXNlcg==', 'x-tenant': 'b' });
    assert.deepEqual(headersOf({ ...all, ...traces }, { otlpHeaders: { a: 'c' } }), { a: 'c' });
    const malformed = otlp({ OTEL_EXPORTER_OTLP_HEADERS: 's3cret' });
    assert.equal(malformed.otlp.headers, undefined);
    assert.match(malformed.warnings[0], /^OTEL_EXPORTER_OTLP_HEADERS: /);
    assert.doesNotMatch(malformed.warnings[0], /s3cret/);
  });

  it('warns of headers that are sent unencrypted to another host', () => {
    const warningsOf = (otlpEndpoint: string, otlpHeaders = { a: 'b' } as Record<string, string>) =>
      otlp({}, { otlpEndpoint, otlpHeaders }).warnings;
    assert.deepEqual(warningsOf('http://host:4318'), [
      'the OTLP headers are sent unencrypted to http://host:4318/v1/traces: use https:// if they are secret',
    ]);
    for (const endpoint of ['https://host', 'http://localhost:4318']) assert.deepEqual(warningsOf(endpoint), []);
    assert.deepEqual(warningsOf('http://host:4318', {}), []);
    // What a function returns is not known before it is called.
    const otlpHeaders = () => assert.fail('it is asked with every request, and not before');
    assert.equal(otlp({}, { otlpEndpoint: 'http://host:4318', otlpHeaders }).warnings.length, 1);
    assert.equal(otlp({}, { otlpHeaders }).otlp.headers, otlpHeaders);
  });

  it('has the time-out of the code, the variable for traces, or that for all signals', () => {
    const timeoutOf = (variables: Variables, config: Config = {}) => otlp(variables, config).otlp.timeoutMillis;
    const variables = { OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '5', OTEL_EXPORTER_OTLP_TIMEOUT: '6' };
    assert.equal(timeoutOf(variables, { otlpTimeoutMillis: 4 }), 4);
    assert.equal(timeoutOf(variables), 5);
    assert.equal(timeoutOf({ OTEL_EXPORTER_OTLP_TIMEOUT: '6' }), 6);
    assert.match(otlp({ OTEL_EXPORTER_OTLP_TIMEOUT: '1s' }).warnings[0], /^OTEL_EXPORTER_OTLP_TIMEOUT: "1s"/);
  });

  it('uses gRPC if the protocol says so, or else the port and no path', () => {
    const targetOf = (variables: Variables, config: Config = {}) => {
      const { otlp: options, _exporter: Exporter, warnings, banner = '' } = otlp(variables, config);
      assert.equal(banner.endsWith(', over gRPC'), Exporter !== undefined, banner);
      return [Exporter && new Exporter(options).componentType, options.url, ...warnings];
    };
    const GRPC = 'otlp_grpc_exporter';
    for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
      assert.deepEqual(targetOf({ [name]: 'grpc' }), [GRPC, 'http://localhost:4317']);
      assert.deepEqual(targetOf({ [name]: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'host' }), [GRPC, 'http://host']);
      assert.deepEqual(targetOf({ [name]: '' }), [undefined, 'http://localhost:4318/v1/traces']);
    }
    assert.deepEqual(targetOf({}, { otlpProtocol: 'grpc' }), [GRPC, 'http://localhost:4317']);
    for (const [endpoint, target] of [
      ['localhost:4317', 'http://localhost:4317'],
      ['http://localhost:4317/', 'http://localhost:4317'],
      ['https://collector:4317', 'https://collector:4317'],
      ['[::1]:4317', 'http://[::1]:4317'],
    ]) {
      assert.deepEqual(targetOf({}, { otlpEndpoint: endpoint }), [GRPC, target]);
      for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
        assert.deepEqual(targetOf({ [name]: endpoint }), [GRPC, target]);
      }
    }
    const insecure = { OTEL_EXPORTER_OTLP_ENDPOINT: 'host:4317', OTEL_EXPORTER_OTLP_INSECURE: 'false' };
    assert.deepEqual(targetOf(insecure), [GRPC, 'https://host:4317']);
    const withPath = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/base', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const warning = 'OTEL_EXPORTER_OTLP_ENDPOINT: gRPC ignores the path, only https://host is used';
    assert.deepEqual(targetOf(withPath), [GRPC, 'https://host', warning]);
    assert.deepEqual(targetOf({}, { otlpEndpoint: 'http://host:4317/v1/traces' }), [
      undefined,
      'http://host:4317/v1/traces',
    ]);
  });

  it('refuses a fetch function for gRPC', () => {
    for (const config of [{ otlpProtocol: 'grpc' }, { otlpEndpoint: 'localhost:4317' }] as const) {
      assert.throws(() => otlp({}, { ...config, fetch: () => assert.fail() }), {
        name: 'TypeError',
        message: 'fetch: OTLP over gRPC does not use it; set otlpProtocol to http/protobuf, and use port 4318',
      });
    }
  });

  it('has a default endpoint for each protocol', () => {
    const variables = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    assert.equal(withVariables(variables, defaultConfig).otlpEndpoint, 'http://localhost:4317');
    const endpoint = { ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: 'host:1' };
    assert.equal(withVariables(endpoint, defaultConfig).otlpEndpoint, 'host:1');
  });

  it('has the compression and protocol of the code, the variable for traces, or that for all signals', () => {
    const howOf = (variables: Variables, config: Config = {}) => {
      const { compression, encoding } = otlp(variables, config).otlp;
      return [compression, encoding?.contentType];
    };
    const all = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const traces = {
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    };
    assert.deepEqual(howOf({}), [undefined, undefined]);
    assert.deepEqual(howOf({ ...all, ...traces }), ['none', undefined]);
    assert.deepEqual(howOf({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }), [undefined, 'application/json']);
    assert.deepEqual(otlp({ ...all, ...traces }).warnings, []);
    const code = { otlpCompression: 'gzip', otlpProtocol: 'http/json' } as const;
    const other = { ...all, OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none' };
    assert.deepEqual(howOf(other, code), ['gzip', 'application/json']);
  });

  it('uses HTTP on port 4317 if the code says so, too', () => {
    const otlpEndpoint = 'collector:4317';
    const { url } = otlp({}, { otlpEndpoint, otlpProtocol: 'http/protobuf' }).otlp;
    assert.equal(url, 'http://collector:4317/v1/traces');
  });

  it('warns of an unknown protocol and compression', () => {
    assert.deepEqual(
      otlp({ OTEL_EXPORTER_OTLP_PROTOCOL: 'thrift', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'br' }).warnings,
      [
        'OTEL_EXPORTER_OTLP_PROTOCOL: "thrift" is not one of http/protobuf, http/json, grpc; the default is used',
        'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "br" is not one of gzip, none; the default is used',
      ],
    );
  });
});

describe('the propagators', () => {
  const fieldsOf = (names: string) => resolved({ OTEL_PROPAGATORS: names }).propagator.fields();

  it('come from OTEL_PROPAGATORS', () => {
    assert.deepEqual(fieldsOf('tracecontext'), ['traceparent', 'tracestate']);
    assert.deepEqual(fieldsOf('baggage'), ['baggage']);
    assert.deepEqual(fieldsOf('baggage, tracecontext ,baggage'), ['baggage', 'traceparent', 'tracestate']);
    assert.deepEqual(fieldsOf(''), ['traceparent', 'tracestate', 'baggage']);
    for (const none of ['none', 'tracecontext,none']) assert.deepEqual(fieldsOf(none), []);
  });

  it('come from the code first', () => {
    const propagators: Config['propagators'] = [];
    assert.deepEqual(resolved({ OTEL_PROPAGATORS: 'baggage' }, { propagators }).propagator.fields(), []);
  });

  it('keep the order of the list, without duplicates', () => {
    const fields = ['uber-trace-id', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags', 'traceparent'];
    assert.deepEqual(fieldsOf('jaeger, B3 ,b3multi,tracecontext,b3'), [...fields, 'tracestate']);
    const { propagator } = resolved({ OTEL_PROPAGATORS: 'tracecontext,b3' });
    const carrier = {
      traceparent: `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
      b3: `${'2'.repeat(32)}-${'2'.repeat(16)}-1`,
    };
    const read = spanIn(propagator.extract(ROOT_CONTEXT, carrier))?.spanContext();
    assert.equal(read?.traceId, '2'.repeat(32), 'the last one that finds something wins');
  });

  it('cause a warning if they do not exist, and the others are used', () => {
    for (const name of ['xray', 'ottrace', 'constructor']) {
      const config = resolved({ OTEL_PROPAGATORS: `${name},baggage` });
      assert.deepEqual(config.propagator.fields(), ['baggage']);
      const allowed = 'one of tracecontext, baggage, b3, b3multi, jaeger, none';
      assert.deepEqual(config.warnings, [`OTEL_PROPAGATORS: "${name}" is not ${allowed}; it is ignored`]);
    }
    const config = resolved({ OTEL_PROPAGATORS: 'tracecontxt' });
    assert.deepEqual(config.propagator.fields(), ['traceparent', 'tracestate', 'baggage']);
    assert.match(config.warnings[0], /"tracecontxt" is not one of .*; the default is used$/);
  });

  it('are none with `none`, which causes a warning beside other names', () => {
    assert.deepEqual(resolved({ OTEL_PROPAGATORS: 'none' }).warnings, []);
    assert.deepEqual(resolved({ OTEL_PROPAGATORS: 'b3,none' }).warnings, [
      'OTEL_PROPAGATORS: "none" is combined with other names; nothing is propagated',
    ]);
  });

  it('may be plain objects', () => {
    const plain = {
      inject: (_: unknown, carrier: unknown, setter: TextMapSetter) => setter.set(carrier, 'x-mine', '1'),
      extract: (context: Context) => context,
      fields: () => ['x-mine'],
    };
    const { propagator } = resolved({}, { propagators: [plain] });
    const carrier = {};
    propagator.inject(ROOT_CONTEXT, carrier);
    assert.deepEqual(carrier, { 'x-mine': '1' });
    const { fields, ...partial } = plain;
    assert.throws(() => resolved({}, { propagators: [partial as never] }), {
      name: 'TypeError',
      message: /^propagators: /,
    });
  });
});

describe('diagnostics', () => {
  it('go to the handler if there is one, at every level', () => {
    const onDiagnostic = () => {};
    assert.equal(resolved({ OTEL_LOG_LEVEL: 'none' }, { onDiagnostic }).onDiagnostic, onDiagnostic);
  });

  it('go to stderr up to the level of OTEL_LOG_LEVEL', (t) => {
    const warn = t.mock.method(console, 'warn', () => {});
    const shown = (level: string) => {
      warn.mock.resetCalls();
      const { onDiagnostic } = resolved({ OTEL_LOG_LEVEL: level });
      onDiagnostic?.({ level: 'warn', code: 'c', message: 'warn', repeated: 0 });
      onDiagnostic?.({ level: 'error', code: 'c', message: 'error', repeated: 0 });
      return warn.mock.calls.map(({ arguments: [line] }) => line);
    };
    for (const level of ['', 'warn', 'INFO', 'debug', 'verbose', 'all', 'loud']) {
      assert.deepEqual(shown(level), ['[trace] warn', '[trace] error'], level);
    }
    assert.deepEqual(shown('error'), ['[trace] error']);
    assert.deepEqual(shown('none'), []);
    assert.match(resolved({ OTEL_LOG_LEVEL: 'loud' }).warnings[0], /^OTEL_LOG_LEVEL: "loud" is not one of none, error/);
  });
});

describe('mistakes', () => {
  it('in the settings of the OTLP exporter throw with every exporter, with the setting’s name', () => {
    const batch = { maxQueueSze: 1 } as Config['batch'];
    assert.throws(() => resolveConfig({ exporterType: 'stdout', batch }), /batch\.maxQueueSze: unknown option/);
    assert.throws(() => resolveConfig({ batch: { maxQueueSize: -1 } }), /batch\.maxQueueSize: -1 is not/);
    assert.throws(() => resolveConfig({ otlpHeaders: { 'a b': 'c' } }), /otlpHeaders: "a " is not/);
  });

  it('that leave an endpoint unused show in the banner', () => {
    assert.match(
      resolveConfig({ otlpEndpoint: 'http://collector:4318' }).banner ?? '',
      /stdout \(set TRACE_EXPORTER=otlp/,
    );
    assert.doesNotMatch(resolveConfig(defaultConfig()).banner ?? '', /TRACE_EXPORTER/);
    // The variable would not help.
    assert.match(
      resolveConfig({ exporterType: 'stdout', otlpEndpoint: 'http://collector:4318' }).banner ?? '',
      /stdout \(set exporterType: "otlp" to send them to the endpoint\)$/,
    );
  });

  it('in an endpoint or a limit throw, too, whether they are used or not', () => {
    assert.throws(
      () => resolveConfig({ exporterType: 'stdout', otlpEndpoint: '::' }),
      /otlpEndpoint: "::" is neither a URL/,
    );
    const spanLimits = { foo: 1 } as Config['spanLimits'];
    assert.throws(() => resolveConfig({ exporterType: 'none', spanLimits }), /spanLimits\.foo: unknown option/);
  });

  it('in the headers of the environment cause a warning, and no headers are sent', () => {
    const { otlp, warnings } = withVariables({ OTEL_EXPORTER_OTLP_HEADERS: 'a b=secret' }, () =>
      resolveConfig({ exporterType: 'otlp' }),
    );
    assert.equal(otlp.headers, undefined);
    assert.deepEqual(warnings, [
      `OTEL_EXPORTER_OTLP_HEADERS: "a " is not a valid header: names must be tokens, values Latin-1 strings; its headers are not sent`,
    ]);
  });
});
