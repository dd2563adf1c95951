import { afterEach, beforeEach } from 'node:test';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { processState } from '../../src/core/process-state.ts';

/** Collects the diagnostics of the running test instead of printing them. Each test starts with an empty list. */
export function diagnosticLog(): Diagnostic[] {
  const log: Diagnostic[] = [];
  beforeEach(() => {
    log.length = 0;
    processState.reported.clear();
    processState.onDiagnostic = (diagnostic) => log.push(diagnostic);
  });
  afterEach(() => {
    processState.onDiagnostic = undefined;
    processState.reported.clear();
  });
  return log;
}

/** Returns their codes. */
export function codesOf(log: readonly Diagnostic[]): string[] {
  return log.map(({ code }) => code);
}
