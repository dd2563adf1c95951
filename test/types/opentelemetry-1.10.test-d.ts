// A type check; not run. From 1.10 on, the API does not type the values of attributes.

import * as api from '@opentelemetry/api-1.10';
import * as trace from '../../src/index.ts';

declare const ours: {
  tracer: trace.Tracer;
  span: trace.Span;
  spanContext: trace.SpanContext;
  context: trace.Context;
  propagator: trace.TextMapPropagator;
};

declare const theirs: {
  tracer: api.Tracer;
  span: api.Span;
  context: api.Context;
  attributes: api.Attributes;
  link: api.Link;
  options: api.SpanOptions;
};

// Our types can be passed where theirs are expected.
export const handedOut: {
  tracer: api.Tracer;
  span: api.Span;
  spanContext: api.SpanContext;
  context: api.Context;
  propagator: api.TextMapPropagator;
} = ours;
export const registered: boolean[] = [
  api.trace.setGlobalTracerProvider(new trace.TracerProvider()),
  api.trace.setGlobalTracerProvider({ getTracer: trace.getTracer }),
  api.propagation.setGlobalPropagator(ours.propagator),
];
export const used: unknown[] = [
  api.trace.setSpan(ours.context, ours.span),
  api.trace.getSpan(ours.context),
  api.context.with(ours.context, () => ours.span),
];

// Their types can be passed to our tracer and span.
export function handThemIn(span: trace.Span): void {
  const tracer = trace.getTracer();
  tracer.startSpan('name', theirs.options, theirs.context);
  tracer.startSpan('name', { attributes: theirs.attributes, links: [theirs.link] });
  tracer.startActiveSpan('name', theirs.options, theirs.context, (given) => given.end());
  span.addLink(theirs.link).addLinks([theirs.link]);
  trace.startSpan('name', { parent: theirs.span, links: [theirs.link] });
  trace.withSpan('name', { parent: theirs.context }, (given) => given);
}

// A mistake in our own types is still an error.
// @ts-expect-error: a function is no attribute
trace.startSpan('name', { attributes: { call: () => 1 } });
