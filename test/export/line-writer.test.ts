import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { buildIfMissing, ROOT } from '../packaging/distribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'line-writer-'));
after(() => rmSync(folder, { recursive: true }));
before(buildIfMissing);

const PREAMBLE = `
import { forceFlush, initialize, shutdown, startSpan, StdoutSpanProcessor, TracerProvider }
  from ${JSON.stringify(`${pathToFileURL(ROOT)}dist/node/index.js`)};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const say = (text) => process.stderr.write(text + '\\n');
const trace = (name, attributes, children = 1) => {
  const root = startSpan(name, { attributes });
  for (let at = 0; at < children; at++) startSpan(at % 2 ? 'other' : 'child', { parent: root, attributes: { ...attributes, at } }).end();
  root.end();
};
// Large attributes that no pipe can buffer, and enough names that all traces are printed in full.
const attributes = Object.fromEntries(Array.from({ length: 40 }, (_, at) => ['key.' + at, 'x'.repeat(50)]));
const printMuch = () => {
  for (let index = 0; index < 1_000; index++) trace('root ' + (index % 100), attributes, 10);
};
`;

let count = 0;

interface Run {
  /** The stderr so far, which the reader of the pipe writes to, too. */
  readonly stderr: () => string;
  /** Resolves when stderr contains `text`. */
  readonly says: (text: string) => Promise<void>;
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Runs `code` in a separate process through a shell. In `line`, `$app` stands for the command. */
function run(code: string, line = '$app', environment: Record<string, string> = {}): Run {
  const file = join(folder, `${count++}.mjs`);
  writeFileSync(file, PREAMBLE + code);
  const child = spawn(
    'bash',
    ['-c', `set -o pipefail; ${line.replaceAll('$app', `"${process.execPath}" "${file}"`)}`],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([status]) => ({ code: status as number | null, stdout, stderr }));
  const says = async (text: string) => {
    while (!stderr.includes(text)) {
      assert.equal(child.exitCode, null, `it has ended without saying ${text}: ${stderr}`);
      await Promise.race([once(child.stderr, 'data'), ended]);
    }
  };
  return { stderr: () => stderr, says, process: child, ended };
}

// A reader that stops before it reads the first byte, and prints its process id.
const STOPPED = `sh -c 'echo reader $$. >&2; kill -STOP $$; exec cat'`;

/** Continues the reader. */
async function readOn({ says, stderr }: Run): Promise<void> {
  await says('.');
  process.kill(Number(/reader (\d+)\./.exec(stderr())?.[1]), 'SIGCONT');
}

/** Returns the number of printed traces in a text. */
function tracesIn(text: string): number {
  return text.match(/^trace [0-9a-f]{32} /gm)?.length ?? 0;
}

describe('a reader that goes away', () => {
  for (const format of ['pretty', 'json']) {
    it(`does no harm and causes no diagnostic (${format})`, async () => {
      const { ended } = run(
        `initialize({ quiet: true, stdoutFormat: '${format}' });
        for (let round = 0; round < 20; round++) { printMuch(); await turn(); }
        await shutdown();
        say('gone on');`,
        '$app | head -1',
      );
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stderr], [0, 'gone on\n']);
      assert.match(stdout, /^(trace |\{"resourceSpans").*\n$/);
    });
  }

  it('does no harm if the process prints, too', async () => {
    const { ended } = run(
      `initialize({ quiet: true });
      for (let round = 0; round < 20; round++) { console.log('a line'); printMuch(); await turn(); }
      await shutdown();
      say('gone on');`,
      '$app | head -1',
    );
    assert.deepEqual(await ended, { code: 0, stdout: 'a line\n', stderr: 'gone on\n' });
  });
});

describe('a reader that is stopped', () => {
  it('blocks neither the application nor its exit, and does not fill the memory', async () => {
    const program = run(
      `initialize({ quiet: true, stdoutFormat: 'json' });
      // At most 1 MiB of lines is kept. This prints about 140 MB.
      for (let ended = 0; ended < 100_000; ended++) {
        trace('root ' + ended);
        if (ended % 1_000 === 0) await turn();
      }
      say('memory ' + Math.round(process.memoryUsage().rss / 1e6) + ' MB');
      process.on('exit', (code) => say('exit with ' + code));`,
      `{ $app; echo done >&2; } | ${STOPPED}`,
    );
    // The application has ended while the reader is still stopped.
    await program.says('done\n');
    await readOn(program);
    const { code, stdout, stderr } = await program.ended;
    assert.equal(code, 0);
    assert.match(stderr, /output_slow: the reader of standard output cannot keep up/);
    assert.match(stderr, /exit with 0\n/);
    const memory = Number(/memory (\d+) MB/.exec(stderr)?.[1]);
    assert.ok(memory < 130, `${memory} MB`);
    // The content of the pipe: whole lines, except perhaps for the last.
    const lines = stdout.split('\n').slice(0, -1);
    assert.ok(lines.length > 10 && lines.length < 10_000, `${lines.length} lines`);
    for (const line of lines) assert.equal(flatten(decodeJsonRequest(line)).length, 2);
  });

  it('gets the kept lines and the number of lost traces when it continues', async () => {
    const program = run(
      `initialize({ quiet: true });
      printMuch();
      say('emitted');
      await forceFlush();
      trace('the last');`,
      `$app | ${STOPPED}`,
    );
    await program.says('emitted');
    await readOn(program);
    const { code, stdout, stderr } = await program.ended;
    assert.equal(code, 0);
    const dropped = Number(
      /^\(([\d,]+) traces not printed: the reader of this output is too slow\)$/m.exec(stdout)?.[1].replace(',', ''),
    );
    assert.ok(dropped > 10, `${dropped} dropped`);
    assert.equal(tracesIn(stdout) + dropped, 1_000 + 1);
    assert.match(stdout, /not printed[^\n]*\ntrace [^\n]*\n +0 [^\n]*\nthe last[^\n]*\n[^\n]*child[^\n]*\n +at=0\n\n$/);
    assert.match(stderr, new RegExp(`output_slow: ${dropped} traces not printed: `));
  });

  it('does not delay a flush beyond its deadline', async () => {
    const program = run(
      `initialize({ quiet: true });
      printMuch();
      await forceFlush({ timeoutMillis: 20 });
      say('flushed');
      await shutdown({ timeoutMillis: 20 });
      say('shut down');
      process.exit(3);`,
      `{ $app; echo status $? >&2; } | ${STOPPED}`,
    );
    await program.says('status');
    await readOn(program);
    assert.match((await program.ended).stderr, /flushed\nshut down\nstatus 3\n/);
  });

  it('does not delay a signal', async () => {
    const program = run(
      `initialize({ quiet: true });
      printMuch();
      await turn();
      say('pid ' + process.pid + '.');
      setInterval(() => {}, 1_000);`,
      `{ $app; echo status $? >&2; } | ${STOPPED}`,
    );
    await program.says('pid ');
    process.kill(Number(/pid (\d+)\./.exec(program.stderr())?.[1]), 'SIGTERM');
    await program.says('status');
    await readOn(program);
    assert.match((await program.ended).stderr, /status 143\n/);
  });
});

describe('a reader that is slow', () => {
  it('gets everything that fits, even if the process has nothing else to do', async () => {
    const { ended } = run(
      // No exit hook waits for the output.
      `const provider = new TracerProvider({ spanProcessors: [new StdoutSpanProcessor()] });
      const tracer = provider.getTracer('test');
      for (let index = 0; index < 300; index++) tracer.startSpan('root ' + index % 95, { attributes }).end();`,
      `$app | sh -c 'sleep 0.2; exec cat'`,
    );
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(tracesIn(stdout), 300);
  });

  it('gets whole lines, including those of the application', async () => {
    const { ended } = run(
      `initialize({ quiet: true });
      for (let round = 0; round < 20; round++) {
        for (let index = 0; index < 50; index++) {
          trace('root ' + index + ' ' + round % 2, { key: 'x'.repeat(40) });
          console.log('line ' + 'y'.repeat(2_000) + ' end');
        }
        await turn();
      }
      await shutdown();`,
      '$app | cat',
    );
    const { stdout } = await ended;
    assert.equal(tracesIn(stdout), 1_000);
    const others = stdout
      .split('\n')
      .filter(
        (line) =>
          !/^(|trace \S{32} {2}.*| +0.*|root \d+ \d {2}.*|│ {2}key=.*|└─ child .*| +at=0|line y{2000} end)$/.test(line),
      );
    assert.deepEqual(others, []);
  });

  it('loses nothing of a burst within one turn of the event loop', async () => {
    const { ended } = run(
      `initialize({ quiet: true, stdoutFormat: 'json' });
      for (let ended = 0; ended < 5_000; ended++) trace('root');`,
      '$app | wc -l',
    );
    const { stdout, stderr } = await ended;
    assert.equal(Number(stdout) + Number(/(\d+) traces? not printed/.exec(stderr)?.[1] ?? 0), 5_000);
  });
});

describe('an ended trace', () => {
  const PRINT = "initialize({ quiet: true }); for (let at = 0; at < 20; at++) trace('root ' + at);";

  it('is in a pipe even if the process exits immediately', async () => {
    const { code, stdout } = await run(`${PRINT} process.exit(3);`, '$app | cat').ended;
    assert.deepEqual([code, tracesIn(stdout)], [3, 20]);
  });

  it('is in a file even if the process exits immediately', async () => {
    const { code } = await run(`${PRINT} process.exit(3);`, '$app > file.txt').ended;
    assert.deepEqual([code, tracesIn(readFileSync(join(folder, 'file.txt'), 'utf8'))], [3, 20]);
  });

  it('does no harm if standard output is closed or full', async () => {
    for (const line of ['$app >&-', '$app > /dev/full']) {
      const { code, stderr } = await run(`${PRINT} await shutdown(); say('gone on');`, line).ended;
      assert.deepEqual([code, stderr], [0, 'gone on\n'], line);
    }
  });

  it('goes through a function that replaces process.stdout.write', async () => {
    const { stdout } = await run(
      `const { write } = process.stdout;
      process.stdout.write = (text, ...rest) => write.call(process.stdout, text.replaceAll('root', 'replaced'), ...rest);
      ${PRINT}`,
      '$app | cat',
    ).ended;
    assert.equal(stdout.match(/^replaced \d+ /gm)?.length, 20);
  });

  it('is printed by worker threads, too', async () => {
    const { stdout } = await run(
      `import { Worker, isMainThread } from 'node:worker_threads';
      if (isMainThread) new Worker(new URL(import.meta.url)); else { ${PRINT} }`,
      '$app | cat',
    ).ended;
    assert.equal(tracesIn(stdout), 20);
  });

  it('is counted before the process ends if it is one of many alike', async () => {
    for (const end of ['', 'await shutdown();', 'process.exit();']) {
      const { stdout } = await run(
        `initialize({ quiet: true }); for (let at = 0; at < 1_010; at++) trace('root'); ${end}`,
        '$app | cat',
      ).ended;
      const more = [...stdout.matchAll(/^… ([\d,]+) more of root in /gm)].map(([, text]) =>
        Number(text.replace(',', '')),
      );
      assert.equal(tracesIn(stdout) + more.reduce((sum, part) => sum + part, 0), 1_010, end);
      assert.ok(more.length > 0, end);
    }
  });

  it('does not keep the process alive until its second is over', async () => {
    const { stdout, stderr } = await run(
      `const provider = new TracerProvider({ spanProcessors: [new StdoutSpanProcessor()] });
      const tracer = provider.getTracer('test');
      for (let at = 0; at < 20; at++) tracer.startSpan('root').end();
      process.on('exit', () => say(process.getActiveResourcesInfo().join()));`,
      '$app | cat',
    ).ended;
    // Without an exit hook, the line is not printed. If a timer kept the process alive, it would be.
    assert.doesNotMatch(stdout, /more of root/);
    assert.equal(tracesIn(stdout), 10, stderr);
  });
});
