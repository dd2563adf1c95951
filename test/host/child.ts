import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../packaging/distribution.ts';

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The milliseconds since it printed `ready`, or else since its start. */
  readonly millis: number;
}

/** A program in a separate process. */
export interface Program {
  readonly process: ChildProcess;
  /** Resolves when it has printed `ready`. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Ended>;
}

const folder = mkdtempSync(join(tmpdir(), 'process-end-'));
after(() => rmSync(folder, { recursive: true }));

// What every program has: the package, and `begin`, which does nothing in a process without tracing.
const BEGIN = `
const { forceFlush, initialize, shutdown, startSpan, stats } = trace;
const begin = (settings) =>
  process.env.UNTRACED || initialize({ exporterType: 'otlp', quiet: true, ...settings, ...JSON.parse(process.env.SETTINGS ?? '{}') });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const stay = () => { setInterval(() => {}, 1_000); turn().then(() => console.log('ready')); };
`;
const PREAMBLES = {
  mjs: `import { createRequire } from 'node:module';
    import * as trace from ${JSON.stringify(`${pathToFileURL(ROOT)}dist/node/index.js`)};
    const require = createRequire(${JSON.stringify(ROOT)});${BEGIN}`,
  cjs: `const trace = require(${JSON.stringify(`${ROOT}dist/node/index.cjs`)});${BEGIN}`,
};

let count = 0;

/** Starts `code` as an ES module or CommonJS file. `command` is a command that starts Node. */
export function start(
  code: string,
  environment: Record<string, string | undefined> = {},
  format: keyof typeof PREAMBLES = 'mjs',
  command: readonly string[] = [],
): Program {
  const file = join(folder, `${count++}.${format}`);
  writeFileSync(file, `${PREAMBLES[format]}\n${code}\n`);
  const [program, ...args] = [...command, process.execPath, file];
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let from = performance.now();
  let stdout = '';
  let stderr = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!stdout.includes('ready\n')) return;
      from = performance.now();
      resolve();
    });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([exit, signal]) => ({
    code: exit as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    // The path differs between runs of a program.
    stderr: stderr.replaceAll(file, 'program'),
    millis: performance.now() - from,
  }));
  return { process: child, ready, ended };
}
