import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Diagnostic, report } from '../../src/core/diagnostic.ts';
import { processState } from '../../src/core/process-state.ts';
import { diagnosticLog } from './diagnostic-log.ts';

const log = diagnosticLog();
const MINUTE = 60_000;

describe('a diagnostic', () => {
  it('says what went wrong, for people and for programs', () => {
    report('a_code', 'a message');
    report('b_code', 'b message', 'error');
    assert.deepEqual(log, [
      { level: 'warn', code: 'a_code', message: 'a_code: a message', repeated: 0 },
      { level: 'error', code: 'b_code', message: 'b_code: b message', repeated: 0 },
    ] satisfies Diagnostic[]);
  });

  it('comes once a minute for each code, with the number of those suppressed', (t) => {
    let at = 1_700_000_000_000;
    t.mock.method(Date, 'now', () => at);
    const repeated = () => log.map(({ code, repeated: times }) => `${code} ${times}`);
    for (let time = 0; time < 5; time++) report('a', 'm');
    report('b', 'm');
    at += MINUTE - 1;
    report('a', 'm');
    assert.deepEqual(repeated(), ['a 0', 'b 0']);
    at += 1;
    report('a', 'again');
    report('b', 'again');
    assert.deepEqual(repeated(), ['a 0', 'b 0', 'a 5', 'b 0']);
    at += MINUTE;
    report('a', 'm');
    assert.deepEqual(repeated().slice(4), ['a 0']);
  });

  it('is not suppressed forever by a clock that goes back', (t) => {
    let at = 1_700_000_000_000;
    t.mock.method(Date, 'now', () => at);
    report('a', 'm');
    at -= 24 * 60 * MINUTE;
    report('a', 'm');
    assert.equal(log.length, 2);
  });

  it('does not reach the application if its handler rejects', async (t) => {
    const unhandled = t.mock.fn();
    process.on('unhandledRejection', unhandled);
    processState.onDiagnostic = async () => assert.fail('a defect');
    report('a', 'm');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    assert.equal(unhandled.mock.callCount(), 0);
  });

  it('does not reach the application if its handler throws', () => {
    processState.onDiagnostic = () => assert.fail('a defect');
    report('a', 'm');
  });

  it('is written to stderr if there is no handler', (t) => {
    const warn = t.mock.method(console, 'warn', () => {});
    let at = 1_700_000_000_000;
    t.mock.method(Date, 'now', () => at);
    processState.onDiagnostic = undefined;
    for (let time = 0; time < 3; time++) report('a', 'a message');
    at += MINUTE;
    report('a', 'a message');
    assert.deepEqual(
      warn.mock.calls.map(({ arguments: [line] }) => line),
      ['[trace] a: a message', '[trace] a: a message (and 2 times since the last report)'],
    );
  });
});
