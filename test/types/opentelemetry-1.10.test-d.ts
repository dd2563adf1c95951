// Not run: that this file type-checks is the test. From 1.10 on the API says nothing of what attributes may hold.

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

// What is ours can be handed to whoever asks for theirs.
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

// And what is theirs to a tracer and a span of ours.
export function handThemIn(span: trace.Span): void {
  const tracer = trace.getTracer();
  tracer.startSpan('name', theirs.options, theirs.context);
  tracer.startSpan('name', { attributes: theirs.attributes, links: [theirs.link] });
  tracer.startActiveSpan('name', theirs.options, theirs.context, (given) => given.end());
  span.addLink(theirs.link).addLinks([theirs.link]);
  trace.startSpan('name', { parent: theirs.span, links: [theirs.link] });
  trace.withSpan('name', { parent: theirs.context }, (given) => given);
}

// A slip in what is only ours is still one.
// @ts-expect-error: a function is no attribute
trace.startSpan('name', { attributes: { call: () => 1 } });
