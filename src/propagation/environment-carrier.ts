import { textOf } from '../core/text.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapSetter,
  valuesOf,
} from './propagator.ts';

const NORMALIZED = /^[A-Z_][A-Z0-9_]*$/;

/** The environment variable for a field: `traceparent` becomes `TRACEPARENT`, `x-b3-traceid` becomes `X_B3_TRACEID`. */
function variableOf(field: string): string {
  return field
    .replace(/\W/g, '_')
    .toUpperCase()
    .replace(/^(?=\d|$)/, '_');
}

/**
 * The getter for environment variables, `process.env` or `Deno.env`. Reads `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and
 * for other formats the names in upper case with underscores. Never throws: a variable that may not be read, as on Deno
 * without the permission, counts as absent.
 *
 * Specification: OpenTelemetry, "Environment Variables as Context Propagation Carriers".
 */
export const environmentGetter: TextMapGetter = {
  keys: (carrier) => defaultTextMapGetter.keys(carrier).filter((name) => NORMALIZED.test(name)),

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
 * The setter for the environment of a child process. Writes `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and for other
 * formats the names in upper case with underscores. Meant for a copy of `process.env`, not for `process.env` itself.
 * Never throws.
 *
 * Specification: OpenTelemetry, "Environment Variables as Context Propagation Carriers".
 */
export const environmentSetter: TextMapSetter = {
  set(carrier, key, value) {
    defaultTextMapSetter.set(carrier, variableOf(textOf(key)), value);
  },
};
