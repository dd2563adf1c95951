import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config.ts';
import type { TraceStats } from '../../src/trace.ts';
import { run } from '../docs/program.ts';

/** A runtime for programs. */
export interface Runtime {
  readonly name: string;
  readonly command: string;
  /** The arguments before the file. */
  readonly args: readonly string[];
}

/** What a program reports at its end. */
export interface Report {
  /** The error that `initialize` threw; '' for none. */
  readonly refused: string;
  /** The counters, if spans are sent. */
  readonly stats?: TraceStats;
  readonly diagnostics: readonly string[];
}

const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
const deno = {
  name: 'Deno',
  command: `${modules}@deno/linux-x64-glibc/deno`,
  args: ['run', '--quiet', '--no-lock', '--node-modules-dir=manual', '--allow-net=127.0.0.1'],
};

export const RUNTIMES: readonly Runtime[] = [
  { name: 'Node', command: process.execPath, args: [] },
  { name: 'Bun', command: `${modules}@oven/bun-linux-x64/bin/bun`, args: ['run'] },
  { ...deno, args: [...deno.args, '--allow-env', '--allow-read'] },
];

/** A runtime in which a program may read nothing but its modules. */
export const DENO_WITHOUT_FILES: Runtime = { ...deno, args: [...deno.args, '--allow-env'] };

/** A runtime in which a program may connect to the test's server and do nothing else. */
export const DENO_WITHOUT_PERMISSIONS: Runtime = deno;

/** Why a runtime cannot be tried; false if it can. In CI, tests of a missing runtime fail instead. */
export function missing({ name, command }: Runtime): string | false {
  return !process.env.CI && !existsSync(command) && `${name} is not installed: there is one for linux-x64`;
}

/** The folder with the programs and the published package. */
export function programsFolder(): string {
  const folder = process.env.PROGRAMS_FOLDER;
  if (folder === undefined) throw new Error('npm run test:runtimes packs the package for these tests, and runs them');
  return folder;
}

/**
 * Runs `programs/send.mjs`, which initializes the published package with `config`, ends spans and shuts down.
 *
 * @throws Error with the program's stderr if it does not end as expected.
 */
export async function send(runtime: Runtime, config: Config, variables: Record<string, string> = {}): Promise<Report> {
  const folder = programsFolder();
  const args = [...runtime.args, `${folder}/send.mjs`, JSON.stringify(config)];
  const { code, stdout, stderr } = await run(runtime.command, args, folder, variables);
  if (code !== 0) throw new Error(`${runtime.name} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Report;
}
