import { afterEach, beforeEach } from 'node:test';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { processState } from '../../src/core/process-state.ts';

/** The diagnostics of the test that runs, in place of stderr: a list that each test of the file finds empty. */
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

/** Their codes. */
export function codesOf(log: readonly Diagnostic[]): string[] {
  return log.map(({ code }) => code);
}
