import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import { writeNotice } from '../../src/platform/node.ts';
import { ROOT } from '../packaging/distribution.ts';

const program = "import { writeNotice } from './src/platform/node.ts'; writeNotice('übel');";
const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', `"${program}"`].join(' ');

test('a line is written to standard error', () => {
  const { status, stdout, stderr } = spawnSync(node, { cwd: ROOT, encoding: 'utf8', shell: true });
  assert.deepEqual([status, stdout, stderr], [0, '', 'übel\n']);
});

test('a line that cannot be written to standard error does no harm', () => {
  for (const closed of ['2>&-', '2>&1 | true']) {
    const { status } = spawnSync(`${node} ${closed}`, { cwd: ROOT, shell: true });
    assert.equal(status, 0, closed);
  }
});

test('a line for standard error goes to the console if it cannot be written at once', (t) => {
  const { mock } = t.mock.method(console, 'error', () => {});
  const write = t.mock.method(fs, 'writeSync', () => assert.fail('EAGAIN'));
  writeNotice('line');
  write.mock.restore();
  assert.deepEqual(
    mock.calls.map((call) => call.arguments),
    [['line']],
  );
});
