import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The root of the package. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a build writes, at least; paths below `dist/`. */
export const BUILT = [
  'index.js',
  'index.cjs',
  'core.cjs',
  'required.js',
  'core.js',
  'node/index.cjs',
  'node/index.js',
  'bun/index.js',
  'index.d.ts',
  'index.d.cts',
];
const LOCK = `${ROOT}node_modules/.distribution-lock`;
const PATIENCE_MILLIS = 180_000;

/** Builds `dist` if it is missing. Test files that run concurrently wait for the one that builds. */
export async function buildIfMissing(): Promise<void> {
  for (const start = Date.now(); existsSync(LOCK); await delay(100)) {
    if (Date.now() - start > PATIENCE_MILLIS) throw new Error(`another build does not end: remove ${LOCK}`);
  }
  if (BUILT.every((file) => existsSync(`${ROOT}dist/${file}`))) return;
  try {
    mkdirSync(LOCK);
  } catch {
    return buildIfMissing();
  }
  try {
    execFileSync(process.execPath, [`${ROOT}node_modules/tsup/dist/cli-default.js`, '--silent'], { cwd: ROOT });
  } finally {
    rmSync(LOCK, { recursive: true });
  }
}
