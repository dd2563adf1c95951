import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { consoleWriter } from '../../src/export/console-writer.ts';

/** Records the calls of the console. `lacks` names methods that it does not have. */
function listen(t: TestContext, ...lacks: ('groupCollapsed' | 'groupEnd')[]): unknown[][] {
  const calls: unknown[][] = [];
  for (const method of ['log', 'groupCollapsed', 'groupEnd'] as const) {
    t.mock.method(console, method, (...args: unknown[]) => calls.push([method, ...args]));
  }
  for (const method of lacks) Object.assign(console, { [method]: undefined });
  return calls;
}

describe('the console of a page', () => {
  it('shows a trace as a collapsed group, titled with the first line', (t) => {
    const calls = listen(t);
    consoleWriter.write('trace 1\n  root\n  └─ child\n', false);
    t.mock.restoreAll();
    assert.deepEqual(calls, [
      ['groupCollapsed', '%c%s', 'font-weight:600', 'trace 1'],
      ['log', '  root\n  └─ child'],
      ['groupEnd'],
    ]);
  });

  it('shows in the title that something has failed', (t) => {
    const calls = listen(t);
    consoleWriter.write('trace 1\n  root\n', true);
    t.mock.restoreAll();
    assert.match(String(calls[0][2]), /color:/);
  });

  it('does not format what is in a name', (t) => {
    const calls = listen(t);
    consoleWriter.write('100 %d %o\n  %s %c\n', false);
    t.mock.restoreAll();
    assert.deepEqual([calls[0][1], calls[0][3], calls[1]], ['%c%s', '100 %d %o', ['log', '  %s %c']]);
  });

  it('gets a single line as a line', (t) => {
    const calls = listen(t);
    consoleWriter.write('… 5 more of root in 1 s\n', false);
    t.mock.restoreAll();
    assert.deepEqual(calls, [['log', '… 5 more of root in 1 s']]);
  });

  it('gets plain lines if it has no groups', (t) => {
    for (const method of ['groupCollapsed', 'groupEnd'] as const) {
      const before = console[method];
      const calls = listen(t, method);
      consoleWriter.write('trace 1\n  root\n', false);
      t.mock.restoreAll();
      console[method] = before;
      assert.deepEqual(calls, [['log', 'trace 1\n  root']], method);
    }
  });
});
