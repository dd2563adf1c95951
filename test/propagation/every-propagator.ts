import { B3Propagator } from '../../src/propagation/b3.ts';
import { W3CBaggagePropagator } from '../../src/propagation/baggage.ts';
import { CompositePropagator } from '../../src/propagation/composite.ts';
import { JaegerPropagator } from '../../src/propagation/jaeger.ts';
import type { TextMapPropagator } from '../../src/propagation/propagator.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';

const single: Record<string, TextMapPropagator> = {
  'W3C trace context': new W3CTraceContextPropagator(),
  'W3C baggage': new W3CBaggagePropagator(),
  B3: new B3Propagator(),
  'B3 in several headers': new B3Propagator({ injectEncoding: 'multi' }),
  Jaeger: new JaegerPropagator(),
};

/** Each propagator by name, and a composite of all of them. */
export const everyPropagator: Record<string, TextMapPropagator> = {
  ...single,
  'all of them': new CompositePropagator({ propagators: Object.values(single) }),
};
