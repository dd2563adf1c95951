import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BUILT = [
  'index.js',
  'index.cjs',
  'core.js',
  'node/index.cjs',
  'node/index.js',
  'bun/index.js',
  'index.d.ts',
  'index.d.cts',
];

/** Builds the package unless the build is newer than every source. */
export function ensureBuilt(root: URL): void {
  const sources = readdirSync(new URL('src/', root), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const build = [
    'tsup.config.ts',
    'build/core-file.ts',
    'build/declarations.ts',
    'build/import-required.ts',
    'build/mangled-names.ts',
  ].map((path) => new URL(path, root));
  const newest = Math.max(...[...sources, ...build].map(changedAt));
  const oldest = Math.min(...BUILT.map((file) => changedAt(new URL(`dist/${file}`, root))));
  if (oldest >= newest) return;
  execFileSync(process.execPath, [fileURLToPath(new URL('node_modules/tsup/dist/cli-default.js', root))], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function changedAt(file: string | URL): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
