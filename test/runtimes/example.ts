import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programsFolder } from './runtime.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
const PATH = [
  dirname(process.execPath),
  ...['.bin', '@oven/bun-linux-x64/bin', '@deno/linux-x64-glibc'].map((path) => modules + path),
  process.env.PATH,
].join(delimiter);
const PATIENCE_MILLIS = 20_000;

/** Creates the folder of an example, with the published package and the other packages of its `package.json`. */
export function exampleFolder(name: string): string {
  const folder = join(programsFolder(), 'examples', name);
  cpSync(join(examples, name), folder, { recursive: true });
  const { dependencies = {} } = read(folder, 'package.json') as { dependencies?: object };
  for (const dependency of Object.keys(dependencies)) {
    const [scope] = dependency.split('/');
    const link = join(programsFolder(), 'node_modules', scope);
    if (!existsSync(link)) symlinkSync(modules + scope, link);
  }
  return folder;
}

/** Reads a JSON file of an example, without lines that are comments. */
export function read(folder: string, file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), 'utf8').replace(/^\s*\/\/.*$/gm, ''));
}

/** A running example server. */
export interface RunningExample {
  readonly url: string;
  /** Ends it as a supervisor would, and returns its output after its exit. */
  stop(): Promise<string>;
}

/** Starts an example with its `start` script, as its README says. */
export async function startExample(name: string, variables: Record<string, string>): Promise<RunningExample> {
  const folder = exampleFolder(name);
  const { scripts } = read(folder, 'package.json') as { scripts: { start: string } };
  const child = spawn('sh', ['-c', scripts.start], {
    cwd: folder,
    env: { PATH, HOME: process.env.HOME, PORT: '0', NO_COLOR: '1', TRACE_EXPORTER: 'otlp', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, for the shell and the processes that it starts.
    detached: true,
  });
  const exited = once(child, 'close');
  let said = '';
  const port = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it does not listen: ${said}`)), PATIENCE_MILLIS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        said += text;
        const [, found] = /http:\/\/[\w.]+:(\d+)\b/.exec(said.replace(/^\[trace\].*$/gm, '')) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    child.once('close', () => reject(new Error(`it has ended: ${said}`)));
    timer.unref();
  }).catch((error) => {
    kill(child, 'SIGKILL');
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      kill(child, 'SIGTERM');
      await exited;
      return said;
    },
  };
}

function kill({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
}
