import { textOf } from '../core/text.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapSetter,
  valuesOf,
} from './propagator.ts';

const NORMALISED = /^[A-Z_][A-Z0-9_]*$/;

/** The name of the environment variable for a field: `traceparent` becomes `TRACEPARENT`, `x-b3-traceid` `X_B3_TRACEID`. */
function variableOf(field: string): string {
  return field
    .replace(/\W/g, '_')
    .toUpperCase()
    .replace(/^(?=\d|$)/, '_');
}

/**
 * The getter for environment variables, `process.env` or `Deno.env`: reads `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and
 * of other formats the names in upper case with underscores. Never throws: what may not be read, as on Deno without the
 * permission, is not there.
 *
 * Specification: OpenTelemetry, "Environment Variables as Context Propagation Carriers".
 */
export const environmentGetter: TextMapGetter = {
  keys: (carrier) => defaultTextMapGetter.keys(carrier).filter((name) => NORMALISED.test(name)),

  get(carrier, key) {
    try {
      const name = variableOf(key);
      const environment = carrier as { [name: string]: unknown; get?: unknown };
      return valuesOf(typeof environment.get === 'function' ? environment.get(name) : environment[name]);
    } catch {
      return undefined;
    }
  },
};

/**
 * The setter for the environment of a child process: writes `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and of other formats
 * the names in upper case with underscores. Meant for a copy of `process.env`, not for that of the process itself.
 * Never throws.
 *
 * Specification: OpenTelemetry, "Environment Variables as Context Propagation Carriers".
 */
export const environmentSetter: TextMapSetter = {
  set(carrier, key, value) {
    defaultTextMapSetter.set(carrier, variableOf(textOf(key)), value);
  },
};
