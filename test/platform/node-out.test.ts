import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('programs/roots.ts', import.meta.url));

/**
 * The program, and what it says at its end.
 *
 * @param stdout - A socket, which is what Node's own pipes are, or a file.
 * @param reader - In place of them, a command that reads from a pipe of the system's; its end is that of the program, too.
 */
function started(t: TestContext, roots: number, stdout: 'pipe' | number, reader?: string, format = 'pretty') {
  const args = ['--import', 'tsx', PROGRAM, String(roots), format];
  const stdio = { stdio: ['ignore', stdout, 'pipe'] as ['ignore', 'pipe' | number, 'pipe'], detached: true };
  const child =
    reader === undefined
      ? spawn(process.execPath, args, stdio)
      : spawn('bash', ['-c', `set -o pipefail; "$@" | ${reader}`, 'bash', process.execPath, ...args], stdio);
  t.after(() => {
    try {
      // The reader, too.
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // They have ended.
    }
  });
  let said = '';
  const stderr = (child.stderr as NodeJS.ReadableStream).setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  /** What it has said, once a word is in it. */
  const saying = async (word: string): Promise<string> => {
    while (!said.includes(word)) await once(stderr, 'data');
    return said;
  };
  return { child, saying, said: () => said };
}

const exitOf = async (child: ChildProcess) => (await once(child, 'exit')) as [number | null, string | null];

/** The number of traces that a text tells of, one by one and together. */
function tracesIn(text: string): number {
  const one = text.match(/^trace [0-9a-f]{32} /gm)?.length ?? 0;
  const together = [...text.matchAll(/^… ([\d,]+) more /gm)].map(([, count]) => Number(count.replaceAll(',', '')));
  return together.reduce((sum, count) => sum + count, one);
}

/** What the program, or its reader, writes. */
async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const part of (child.stdout as NodeJS.ReadableStream).setEncoding('utf8')) text += part;
  return text;
}

describe('standard output', () => {
  for (const [what, reader] of [['socket'], ['pipe', 'cat']]) {
    test(`that is a ${what} gets everything, in whole lines`, async (t) => {
      const { child } = started(t, 50_000, 'pipe', reader);
      const [text, end] = await Promise.all([outputOf(child), exitOf(child)]);
      assert.deepEqual(end, [0, null]);
      assert.equal(tracesIn(text), 50_000);
      assert.ok(text.endsWith('\n'), 'the last line has no end');
    });
  }

  test('that is a file gets everything', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'out-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = openSync(join(folder, 'out.txt'), 'w');
    const { child } = started(t, 5_000, file);
    assert.deepEqual(await exitOf(child), [0, null]);
    closeSync(file);
    assert.equal(tracesIn(readFileSync(join(folder, 'out.txt'), 'utf8')), 5_000);
  });

  test('whose reader goes harms nobody: a socket', async (t) => {
    const { child, said } = started(t, 100_000, 'pipe');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.stdout?.destroy();
    assert.deepEqual(await exitOf(child), [0, null]);
    assert.match(said(), /^\{"ended":100000,"rss":\d+\}\nover\n$/);
  });

  test('whose reader goes harms nobody: a pipe, and `head -1`', async (t) => {
    const { child, said } = started(t, 100_000, 'pipe', 'head -1');
    const [text, end] = await Promise.all([outputOf(child), exitOf(child)]);
    assert.deepEqual(end, [0, null]);
    assert.match(text, /^trace [^\n]+\n$/);
    assert.match(said(), /^\{"ended":100000,"rss":\d+\}\nover\n$/);
  });

  // Other systems give no second descriptor of a pipe.
  const skip = process.platform !== 'linux' && 'a pipe is opened a second time on Linux only';
  test('whose reader stands still holds up neither the program nor its end, and costs no memory', {
    skip,
  }, async (t) => {
    const { saying } = started(t, 100_000, 'pipe', 'sleep 100', 'json');
    const [, ended, rss] = /"ended":(\d+),"rss":(\d+)/.exec(await saying('over')) ?? [];
    assert.equal(Number(ended), 100_000);
    // All of it is 70 MB.
    assert.ok(Number(rss) < 250 * 1024 * 1024, `${rss} bytes`);
  });

  test('whose reader stood still gets what waited, and standard error is told what did not', { skip }, async (t) => {
    const { child, saying } = started(t, 20_000, 'pipe', '(sleep 1; cat)', 'json');
    const [text, said] = await Promise.all([outputOf(child), saying('over')]);
    const lines = text.trimEnd().split('\n');
    for (const line of lines) assert.match(line, /^\{"resourceSpans":.*\}$/);
    const [, lost] = /\[trace\] standard output is too slow, (\d+) prints are left out/.exec(said) ?? [];
    assert.equal(lines.length + Number(lost), 20_000);
  });
});
