import { explanations } from '#platform';
import { processState } from './process-state.ts';
import { UNPRINTABLE } from './unprintable.ts';

/** A problem inside the tracer that was kept from the application. */
export interface Diagnostic {
  /** `error` if spans are lost, `warn` for everything else. */
  readonly level: 'error' | 'warn';
  /** The problem, for programs: `attribute_refused`, `export_failed`, `queue_full`, … */
  readonly code: string;
  /** The problem, for people: what happened, to what, and (except in browsers) what you can do about it. */
  readonly message: string;
  /** How often the same code came again, unreported, since its last report. */
  readonly repeated: number;
}

/** Receives diagnostics instead of stderr. Anything it throws is ignored. */
export type DiagnosticHandler = (diagnostic: Diagnostic) => void;

// The same code is reported again after this long. Repetitions until then are counted.
const INTERVAL_MILLIS = 60_000;

/**
 * Reports a problem, at most once a minute per key. Never throws.
 *
 * @param details - What the problem happened to. The explanation of the code says what it means.
 * @param key - Problems with the same key are throttled together. By default this is the code.
 */
export function report(code: string, details: string, level: Diagnostic['level'] = 'warn', key: string = code): void {
  const { reported, onDiagnostic = printDiagnostic } = processState;
  const at = Date.now();
  const last = (reported.get(key) ?? [-Infinity, 0]) as [at: number, repeated: number];
  // Compare in both directions: a clock that went back must not silence a code forever.
  if (Math.abs(at - last[0]) < INTERVAL_MILLIS) {
    last[1]++;
    return;
  }
  reported.set(key, [at, 0]);
  const message = code + (details && `: ${details}`) + explanation(code);
  try {
    // An async handler may reject.
    Promise.resolve(onDiagnostic({ level, code, message, repeated: last[1] })).catch(() => {});
  } catch {
    // A handler that throws must not take the application with it.
  }
}

/** Returns the explanation of a code, or of a server's status, after a colon; `''` if there is none, as in browsers. */
export function explanation(code: string | number): string {
  return explanations[code] ? `: ${explanations[code]}` : '';
}

/** Reports a missing callback. Callers return this `undefined` in place of its result. */
export function callbackMissing(): undefined {
  report('callback_missing', '');
}

/** Writes a diagnostic to stderr. This is the default handler. */
export function printDiagnostic({ message, repeated }: Diagnostic): void {
  console.warn(
    `[trace] ${message.replace(UNPRINTABLE, ' ')}${repeated > 0 ? ` (and ${repeated} times since the last report)` : ''}`,
  );
}
