import { explanations } from '#platform';
import { processState } from './process-state.ts';

/** Something that went wrong inside the tracer and was kept from the application. */
export interface Diagnostic {
  /** `error` where spans are lost, `warn` for everything else. */
  readonly level: 'error' | 'warn';
  /** What it is, for programs: `attribute_refused`, `export_failed`, `queue_full`, … */
  readonly code: string;
  /** What it is, for people: what happened, to what, and (except in browsers) what can be done about it. */
  readonly message: string;
  /** How often the same code came again, unreported, since its last report. */
  readonly repeated: number;
}

/** Receives diagnostics in place of stderr. What it throws is ignored. */
export type DiagnosticHandler = (diagnostic: Diagnostic) => void;

// The same code is reported again after this long; what comes between is counted.
const INTERVAL_MILLIS = 60_000;

/**
 * Reports a problem once a minute per code. Never throws.
 *
 * @param details - What it happened to; what it means is said by the explanation of the code.
 * @param key - What is held back together; the code unless something narrower is named.
 */
export function report(code: string, details: string, level: Diagnostic['level'] = 'warn', key: string = code): void {
  const { reported, onDiagnostic = printDiagnostic } = processState;
  const at = Date.now();
  const last = (reported.get(key) ?? [-Infinity, 0]) as [at: number, repeated: number];
  // A clock that went back must not silence a code for ever, hence the distance both ways.
  if (Math.abs(at - last[0]) < INTERVAL_MILLIS) {
    last[1]++;
    return;
  }
  reported.set(key, [at, 0]);
  const message = code + (details && `: ${details}`) + explanation(code);
  try {
    // One that is asynchronous may reject.
    Promise.resolve(onDiagnostic({ level, code, message, repeated: last[1] })).catch(() => {});
  } catch {
    // A handler that throws must not take the application with it.
  }
}

/** What is to be said of a code, or of a server's status, with a colon in front; `''` in browsers. */
export function explanation(code: string | number): string {
  return explanations[code] ? `: ${explanations[code]}` : '';
}

/** Reports that there is nothing to run; what would have run it returns nothing. */
export function callbackMissing(): undefined {
  report('callback_missing', '');
}

// What a terminal obeys, or loses its direction by.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/** Writes a diagnostic to stderr, the default. */
export function printDiagnostic({ message, repeated }: Diagnostic): void {
  console.warn(
    `[trace] ${message.replace(UNPRINTABLE, ' ')}${repeated > 0 ? ` (and ${repeated} times since the last report)` : ''}`,
  );
}
