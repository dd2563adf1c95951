import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCase, REPORTING } from '../bundle.ts';
import type { Host, Job } from '../host.ts';
import { runProcess } from '../process.ts';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));

// The package is not bundled, so that the runtime resolves it and its files on its own.
const OPTIONS = {
  external: ['@realtime-ai/trace', '*.cjs'],
  banner: { js: 'globalThis.conformance = JSON.parse(process.argv[2]);' },
};

const programs = new Map<string, Promise<string>>();

/** Writes a case as a module into the project. All processes share it. */
function programOf(job: Job): Promise<string> {
  const path = join(job.folder, 'conformance', 'cases', `${job.id}.mjs`);
  let program = programs.get(path);
  if (program === undefined) {
    program = bundleCase(job, 'module', REPORTING, OPTIONS).then(async (code) => {
      await writeFile(path, code);
      return path;
    });
    programs.set(path, program);
  }
  return program;
}

/** @param command - A file below node_modules/, and the arguments before the program. */
function processHost(
  [command, ...args]: readonly [string, ...string[]],
  description: Pick<Host, 'title' | 'runtimeName' | 'lacks'>,
): Host {
  const path = modules + command;
  return {
    ...description,
    language: 'nodejs',
    lacks: { cancellation: 'a process keeps running when a client disconnects', ...description.lacks },
    missing: () => (existsSync(path) ? undefined : `${command} is not installed: there is one for linux-x64`),
    async run(job) {
      const variables = { DENO_NO_UPDATE_CHECK: '1', CONFORMANCE: 'yes', ...job.variables };
      return runProcess(path, [...args, await programOf(job), JSON.stringify(job.input)], job, variables);
    },
  };
}

const BEFORE_USING = { using: 'Node supports the syntax from version 24 on' };

function node(major: number, lacks: Host['lacks'] = {}): Host {
  return processHost([`node${major}/bin/node`], { title: `Node ${major}`, runtimeName: 'nodejs', lacks });
}

const DENO = ['@deno/linux-x64-glibc/deno', 'run', '--quiet', '--no-lock', '--node-modules-dir=manual'] as const;

export const PROCESSES: readonly Host[] = [
  node(20, BEFORE_USING),
  node(22, BEFORE_USING),
  node(24),
  node(26),
  processHost(['@oven/bun-linux-x64/bin/bun', 'run'], { title: 'Bun', runtimeName: 'bun', lacks: {} }),
  processHost([...DENO, '--allow-all'], { title: 'Deno', runtimeName: 'deno', lacks: {} }),
  processHost([...DENO, '--allow-net=127.0.0.1'], {
    title: 'Deno `--allow-net`',
    runtimeName: 'deno',
    lacks: { environment: 'reading them needs `--allow-env`' },
  }),
];
