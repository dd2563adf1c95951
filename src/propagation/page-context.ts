import { type Context, ROOT_CONTEXT } from '../core/context.ts';
import { W3CBaggagePropagator } from './baggage.ts';
import { CompositePropagator } from './composite.ts';
import type { TextMapGetter, TextMapPropagator } from './propagator.ts';
import { W3CTraceContextPropagator } from './trace-context.ts';

const getter: TextMapGetter<Document> = {
  keys: () => [],
  get: (page, name) =>
    Array.from(page.querySelectorAll<HTMLMetaElement>(`meta[name="${name}"]`), ({ content }) => content),
};

/**
 * Returns the context in which a server made this page, to pass as `{ parent }`. Reads what the server wrote into
 * `<meta name="traceparent" content="00-…">`, and likewise `tracestate` and `baggage`. Returns the root context if
 * there is no page, no such element or nothing valid in it, or if `traceparent` occurs twice. Never throws.
 *
 * @param propagator - Reads the elements. Default: W3C trace context and W3C baggage.
 */
export function pageContext(
  propagator: TextMapPropagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  }),
): Context {
  try {
    return propagator.extract(ROOT_CONTEXT, document, getter as TextMapGetter);
  } catch {
    return ROOT_CONTEXT;
  }
}
