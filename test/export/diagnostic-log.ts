import type { TestContext } from 'node:test';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { processState } from '../../src/core/process-state.ts';

/** Collects the diagnostics of one test. None goes to stderr, and the next test starts with nothing reported. */
export function diagnosticLog(t: TestContext): Diagnostic[] {
  const log: Diagnostic[] = [];
  processState.reported.clear();
  processState.onDiagnostic = (diagnostic) => log.push(diagnostic);
  t.after(() => {
    processState.reported.clear();
    processState.onDiagnostic = undefined;
  });
  return log;
}
