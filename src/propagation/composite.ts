import type { Context } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { isContext } from '../core/span-source.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from './propagator.ts';

/** Options of a {@link CompositePropagator}. */
export interface CompositePropagatorOptions {
  /** Called in this order. If two write the same field, or read the same value, the later one wins. Default: none. */
  propagators?: readonly TextMapPropagator[];
}

/**
 * Combines several propagators into one. A propagator that throws is reported and does not stop the others.
 *
 * Specification: OpenTelemetry Propagators API, "Composite Propagator".
 */
export class CompositePropagator implements TextMapPropagator {
  private readonly _propagators: readonly TextMapPropagator[];

  /** Copies the list: later changes to the array have no effect. */
  constructor({ propagators = [] }: CompositePropagatorOptions = {}) {
    this._propagators = [...propagators];
  }

  /** Lets each propagator write. Default setter: the one for plain objects, `Headers` and `Map`s. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    this._each((propagator) => propagator.inject(context, carrier, setter));
  }

  /**
   * Lets each propagator read, on top of what those before it read. Default getter: the one for plain objects,
   * `Headers` and `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    let extracted = context;
    this._each((propagator) => {
      const result = propagator.extract(extracted, carrier, getter);
      if (!isContext(result)) throw new TypeError('extract returned no context');
      extracted = result;
    });
    return extracted;
  }

  /** The fields of all propagators, without duplicates. */
  fields(): string[] {
    const fields = new Set<string>();
    this._each((propagator) => {
      for (const field of propagator.fields()) fields.add(field);
    });
    return [...fields];
  }

  private _each(use: (propagator: TextMapPropagator) => void): void {
    for (const propagator of this._propagators) {
      try {
        use(propagator);
      } catch (error) {
        report('propagator_failed', messageOf(error));
      }
    }
  }
}
