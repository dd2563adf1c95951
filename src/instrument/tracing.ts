import { type Context, ROOT_CONTEXT, spanIn } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { passOn } from '../core/non-recording-span.ts';
import type { Span } from '../core/span.ts';
import type { SpanOptions, Tracer } from '../core/tracer.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
} from '../propagation/propagator.ts';
import { checkSettings, FUNCTION, objectWith, type SettingKind } from '../setting.ts';
import { extract, inject, type StartOptions, startSpan } from '../trace.ts';

/** What creates spans and carries context. */
export interface TracingOptions {
  /** Default: the tracer of `initialize`. */
  tracer?: Tracer;
  /** Default: the propagators of `initialize`. */
  propagator?: TextMapPropagator;
}

/**
 * Checks the options of a function that traces requests.
 *
 * @param others - The kinds of those that not all such functions have.
 * @throws TypeError or RangeError naming an option that cannot be used.
 */
export function checkOptions(options: object, others: Readonly<Record<string, SettingKind>>): void {
  checkSettings('options', options, {
    tracer: objectWith('startSpan'),
    propagator: objectWith('inject', 'extract'),
    ignore: FUNCTION,
    redactUrl: FUNCTION,
    ...others,
  });
}

/** Starts a span within `context`. Never throws. */
export function startWithin({ tracer }: TracingOptions, name: string, options: SpanOptions, context: Context): Span {
  try {
    return tracer === undefined
      ? startSpan(name, { ...(options as StartOptions), parent: context })
      : tracer.startSpan(name, options, context);
  } catch (error) {
    report('start_failed', messageOf(error));
    return passOn(spanIn(context));
  }
}

/** Writes a context into a carrier. Never throws. */
export function injectInto<Carrier>({ propagator }: TracingOptions, context: Context, carrier: Carrier): void {
  try {
    if (propagator === undefined) inject(carrier, { context });
    else propagator.inject(context, carrier, defaultTextMapSetter);
  } catch (error) {
    report('propagator_failed', messageOf(error));
  }
}

/**
 * The context that the sender of `carrier` put into it. It does not build on the active context, which a server's
 * socket may have inherited from wherever the server was started. Never throws.
 */
export function contextOfCaller<Carrier>(
  { propagator }: TracingOptions,
  carrier: Carrier,
  getter: TextMapGetter<Carrier> = defaultTextMapGetter as TextMapGetter<Carrier>,
): Context {
  try {
    return propagator === undefined
      ? extract(carrier, { context: ROOT_CONTEXT, getter })
      : propagator.extract(ROOT_CONTEXT, carrier, getter as TextMapGetter);
  } catch (error) {
    report('propagator_failed', messageOf(error));
    return ROOT_CONTEXT;
  }
}
