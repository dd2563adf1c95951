// A type check; not run.

import * as api from '@opentelemetry/api';
import type * as sdk from '@opentelemetry/sdk-trace-base';
import * as trace from '../../src/index.ts';

declare const ours: {
  tracer: trace.Tracer;
  span: trace.Span;
  spanContext: trace.SpanContext;
  traceState: trace.TraceState;
  context: trace.Context;
  propagator: trace.TextMapPropagator;
  getter: trace.TextMapGetter<string[]>;
  setter: trace.TextMapSetter<string[]>;
  baggage: trace.Baggage;
  idGenerator: trace.IdGenerator;
  sampler: trace.Sampler;
  kind: trace.SpanKind;
  code: trace.SpanStatusCode;
  time: trace.HrTime;
};

declare const theirs: {
  tracer: api.Tracer;
  span: api.Span;
  spanContext: api.SpanContext;
  traceState: api.TraceState;
  context: api.Context;
  propagator: api.TextMapPropagator;
  getter: api.TextMapGetter<string[]>;
  setter: api.TextMapSetter<string[]>;
  baggage: api.Baggage;
  idGenerator: sdk.IdGenerator;
  sampler: sdk.Sampler;
  spanProcessor: sdk.SpanProcessor;
  spanExporter: sdk.SpanExporter;
  readableSpan: sdk.ReadableSpan;
  startedSpan: sdk.Span;
  attributes: api.Attributes;
  link: api.Link;
  links: api.Link[];
  options: api.SpanOptions;
  status: api.SpanStatus;
  kind: api.SpanKind;
  time: api.TimeInput;
  exception: api.Exception;
};

// Our types can be passed where theirs are expected.
export const handedOut: {
  tracer: api.Tracer;
  span: api.Span;
  spanContext: api.SpanContext;
  traceState: api.TraceState;
  context: api.Context;
  provider: api.TracerProvider;
  propagator: api.TextMapPropagator;
  propagators: api.TextMapPropagator[];
  headers: api.TextMapPropagator<Headers>;
  getter: api.TextMapGetter<string[]>;
  setter: api.TextMapSetter<string[]>;
  idGenerator: sdk.IdGenerator;
  idGenerators: sdk.IdGenerator[];
  sampler: sdk.Sampler;
  samplers: sdk.Sampler[];
  kind: api.SpanKind;
  code: api.SpanStatusCode;
  time: api.TimeInput;
} = {
  ...ours,
  provider: new trace.TracerProvider(),
  propagators: [
    new trace.W3CTraceContextPropagator(),
    new trace.W3CBaggagePropagator(),
    new trace.CompositePropagator(),
    new trace.B3Propagator(),
    new trace.JaegerPropagator(),
  ],
  headers: new trace.W3CTraceContextPropagator(),
  idGenerators: [new trace.RandomIdGenerator()],
  samplers: [
    new trace.AlwaysOnSampler(),
    new trace.AlwaysOffSampler(),
    new trace.TraceIdRatioBasedSampler(),
    new trace.ParentBasedSampler({ root: new trace.AlwaysOnSampler() }),
  ],
};
export const constants: { kinds: api.SpanKind[]; codes: api.SpanStatusCode[]; flags: api.TraceFlags[] } = {
  kinds: [trace.SpanKind.INTERNAL, trace.SpanKind.SERVER, trace.SpanKind.CLIENT, trace.SpanKind.PRODUCER],
  codes: [trace.SpanStatusCode.UNSET, trace.SpanStatusCode.OK, trace.SpanStatusCode.ERROR],
  flags: [trace.TraceFlags.NONE, trace.TraceFlags.SAMPLED],
};
export const registered: boolean[] = [
  api.trace.setGlobalTracerProvider(new trace.TracerProvider()),
  api.propagation.setGlobalPropagator(ours.propagator),
];
export const used: unknown[] = [
  api.trace.setSpan(ours.context, ours.span),
  api.trace.setSpanContext(trace.ROOT_CONTEXT, ours.spanContext),
  api.trace.getSpan(ours.context),
  api.trace.isSpanContextValid(ours.spanContext),
  api.context.with(ours.context, () => ours.span),
];

// Their types can be passed to all our parameters.
export const handedIn: {
  context: trace.Context;
  spanContext: trace.SpanContext;
  traceState: trace.TraceState;
  propagator: trace.TextMapPropagator;
  getter: trace.TextMapGetter<string[]>;
  setter: trace.TextMapSetter<string[]>;
  baggage: trace.Baggage;
  idGenerator: trace.IdGenerator;
  sampler: trace.Sampler;
  spanProcessor: trace.SpanProcessor;
  spanExporter: trace.SpanExporter;
  readableSpan: trace.ReadableSpan;
  startedSpan: trace.StartedSpan;
  attributes: trace.Attributes;
  sources: trace.SpanSource[];
  links: trace.LinkInput[];
  status: trace.SpanStatus;
  kind: trace.SpanKind;
} = { ...theirs, sources: [theirs.span, theirs.spanContext, theirs.context], links: [...theirs.links, theirs.span] };

const startOptions: trace.StartOptions[] = [
  {
    parent: theirs.span,
    links: theirs.links,
    attributes: theirs.attributes,
    startTime: theirs.time,
    kind: theirs.kind,
  },
  { parent: theirs.context, links: [theirs.link, theirs.span, theirs.spanContext], kind: api.SpanKind.CLIENT },
  { parent: theirs.spanContext, links: [{ context: theirs.span }, { context: theirs.context }] },
  theirs.options,
];
export function handThemIn(span: trace.Span): void {
  for (const options of startOptions) {
    trace.startSpan('name', options);
    trace.withSpan('name', options, (given) => given);
  }
  trace.instrumentLLMRequest('p', 'm', { parent: theirs.span, links: theirs.links, startTime: theirs.time });
  trace.instrumentPipelinePush('p', { type: 0, sessionId: 's' }, { parent: theirs.context }, () => 'value');
  trace.getTracer().startSpan('name', theirs.options, theirs.context);
  trace.getTracer().startActiveSpan('name', theirs.options, theirs.context, (given) => given.end(theirs.time));
  trace.recordError(theirs.span, theirs.exception);
  trace.addEvent(theirs.span, 'event', theirs.attributes);
  trace.setAttributes(theirs.span, theirs.attributes);
  trace.contextWithSpan(theirs.span, theirs.context);
  trace.spanFromContext(theirs.context);
  trace.traceId(theirs.context);
  trace.spanId(theirs.span);
  trace.logWithTrace('message', theirs.spanContext);
  trace.isSpanContextValid(theirs.spanContext);
  trace.nonRecordingSpan(theirs.spanContext);
  trace.contextWithBaggage(theirs.context, theirs.baggage);
  trace.baggageIn(theirs.context);
  trace.inject({}, { context: theirs.context });
  trace.inject([], { context: theirs.context, setter: theirs.setter });
  trace.extract([], { context: theirs.context, getter: theirs.getter });
  trace.inject({ ...process.env }, { setter: trace.environmentSetter });
  trace.extract(process.env, { getter: trace.environmentGetter });
  span.setAttributes(theirs.attributes).setStatus(theirs.status).setStatus({ code: api.SpanStatusCode.ERROR });
  span.addEvent('event', theirs.attributes, theirs.time).addEvent('event', theirs.time);
  span.addLink(theirs.link).addLinks(theirs.links).addLink(theirs.span).end(theirs.time);
  span.recordException(theirs.exception, theirs.time);
  const { sampler, idGenerator } = theirs;
  trace.initialize({ sampler, idGenerator, propagators: [theirs.propagator], resourceAttributes: theirs.attributes });
  new trace.TracerProvider({
    sampler: new trace.ParentBasedSampler({ root: sampler }),
    idGenerator,
  });
  new trace.CompositePropagator({ propagators: [theirs.propagator] });
  const { spanProcessor, spanExporter, readableSpan } = theirs;
  new trace.BatchSpanProcessor(spanExporter).onEnd(readableSpan);
  const spanProcessors = [spanProcessor, new trace.SimpleSpanProcessor(spanExporter), new OurSpans(), new TheirSpans()];
  new trace.TracerProvider({ spanProcessors });
  trace.initialize({ spanProcessors });
  new trace.BatchSpanProcessor(new TheirExporter());
}

// Processors and exporters of an application, which name the spans after either library.
class OurSpans implements trace.SpanProcessor {
  onStart(span: trace.Span): void {
    span.run(() => {});
  }
  onEnding(span: trace.StartedSpan): void {
    span.setAttribute('name', span.name);
  }
  onEnd(span: trace.ReadableSpan): void {
    delete span.attributes.secret;
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}
class TheirSpans implements sdk.SpanProcessor {
  onStart(span: sdk.Span, parentContext: api.Context): void {
    span.setAttribute(span.name, String(parentContext.getValue(Symbol())));
  }
  onEnding(span: sdk.Span): void {
    span.addEvent(span.name);
  }
  onEnd(span: sdk.ReadableSpan): void {
    delete span.attributes.secret;
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}
class TheirExporter implements sdk.SpanExporter {
  export(spans: sdk.ReadableSpan[], resultCallback: (result: { code: number; error?: Error }) => void): void {
    resultCallback({ code: spans.length });
  }
  async shutdown(): Promise<void> {}
}

// The forms of a helper, and their results.
export const started: trace.Span = trace.instrumentLLMRequest('gemini', 'flash');
export const startedWith: trace.Span = trace.instrumentLLMRequest('gemini', 'flash', { attributes: { key: [1, 2] } });
export const value: number = trace.instrumentLLMRequest('gemini', 'flash', () => 1);
export const valueWith: number = trace.instrumentLLMRequest(
  'gemini',
  'flash',
  undefined,
  (span) => span.spanContext().traceFlags,
);
export const promise: Promise<string> = trace.instrumentLLMRequest('gemini', 'flash', async () => 'text');
export const generator: AsyncGenerator<number, void> = trace.instrumentLLMRequest(
  'gemini',
  'flash',
  async function* () {
    yield 1;
  },
);
export const chained: trace.Span = trace.instrumentElementProcess('e', { type: 0, sessionId: 's' }, { chain: true });
export const fetching: trace.FetchLike = fetch;

// The one exception: the metadata of the API's baggage has a brand that only the API can create. In the other
// direction, above, that is not a problem.
// @ts-expect-error: Property '__TYPE__' is missing
export const baggage: api.Baggage = ours.baggage;

// Code that must not type-check.
export function refused(span: trace.Span): void {
  // @ts-expect-error: a helper takes all its arguments
  trace.instrumentLLMRequest('gemini');
  // @ts-expect-error: in their order and of their types
  trace.instrumentSTTRequest(32_000, 'azure');
  // @ts-expect-error: a message needs a session
  trace.instrumentPipelinePush('p', { type: 0 });
  // @ts-expect-error: chain is an option of elements only
  trace.instrumentPipelinePush('p', { type: 0, sessionId: 's' }, { chain: true });
  // @ts-expect-error: an option that does not exist
  trace.startSpan('name', { atributes: {} });
  // @ts-expect-error: a name is no parent
  trace.startSpan('name', { parent: 'parent' });
  // @ts-expect-error: an unknown exporter
  trace.initialize({ exporterType: 'zipkin' });
  // @ts-expect-error: a setting that does not exist
  trace.initialize({ endpoint: 'http://localhost:4318' });
  // @ts-expect-error: withSpan runs something
  trace.withSpan('name');
  // @ts-expect-error: a function is no attribute value
  span.setAttribute('key', () => {});
  // @ts-expect-error: nor is a symbol
  span.setAttributes({ key: Symbol('value') });
  // @ts-expect-error: there is no such kind
  trace.startSpan('name', { kind: 5 });
  // @ts-expect-error: a status is a code and not its name
  span.setStatus({ code: 'ERROR' });
  // @ts-expect-error: a time is not text
  span.end('2024-01-01');
  // @ts-expect-error: the promise stays a promise
  const text: string = trace.withSpan('name', async () => 'text');
  // @ts-expect-error: ids of a context that is not one
  trace.traceId(text);
  // @ts-expect-error: what a span says cannot be written
  trace.INVALID_SPAN_CONTEXT = span.spanContext();
}
