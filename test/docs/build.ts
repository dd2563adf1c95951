import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILT } from '../packaging/distribution.ts';

/** Builds the package unless the build is newer than every source. */
export function ensureBuilt(root: URL): void {
  const sources = ['src/', 'build/'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`),
  );
  const newest = Math.max(...[...sources, new URL('tsup.config.ts', root)].map(changedAt));
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
