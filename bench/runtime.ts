import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A runtime for the measured programs. */
export interface Runtime {
  /** The key in `results.json`. */
  readonly key: string;
  readonly command: string;
  /** The arguments before the file. */
  readonly args: readonly string[];
}

const modules = (path: string) => fileURLToPath(new URL(`runtimes/node_modules/${path}`, import.meta.url));

const others: Record<string, Runtime> = {
  node24: { key: 'node24', command: modules('node24/bin/node'), args: [] },
  bun: { key: 'bun', command: modules('@oven/bun-linux-x64/bin/bun'), args: ['run'] },
  deno: {
    key: 'deno',
    command: modules('@deno/linux-x64-glibc/deno'),
    args: ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual', '--quiet'],
  },
};

/** The Node that runs the suite. */
export const thisNode: Runtime = {
  key: `node${process.versions.node.split('.')[0]}`,
  command: process.execPath,
  args: [],
};

/**
 * Returns the runtime of that name, or the Node that runs the suite if no name is given.
 *
 * @throws Error if there is no runtime of that name, or if it is not installed.
 */
export function runtimeOf(name: string | undefined): Runtime {
  if (name === undefined || name === thisNode.key) return thisNode;
  const runtime = others[name];
  if (runtime === undefined) throw new Error(`--runtime ${name}: unknown; known are ${Object.keys(others).join(', ')}`);
  if (!existsSync(runtime.command)) {
    throw new Error(`--runtime ${name}: not installed; run npm run bench:install -- runtimes (linux-x64 only)`);
  }
  return runtime;
}
