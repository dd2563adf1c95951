import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Sets of folders, each with its own lock file, by purpose. */
export const SETS: Readonly<Record<string, readonly string[]>> = {
  /** What every run needs. */
  needed: ['.', 'peers/opentelemetry-2', 'peers/opentelemetry-3', 'peers/protobufjs'],
  /** The SDKs that a full run on Node shows beside the others. */
  beside: ['peers/sentry', 'peers/sentry-browser', 'peers/dd-trace', 'peers/effect'],
  /** The other runtimes, which are large. */
  runtimes: ['runtimes'],
};

/** Installs the packages of all folders in a set, unless they are up to date. */
export function ensureInstalled(set: string): void {
  for (const folder of SETS[set]) ensureFolder(fileURLToPath(new URL(folder, import.meta.url)));
  ensureLinked();
}

/** Links the package under its name, so that each runtime resolves the files built for it. */
function ensureLinked(): void {
  const scope = fileURLToPath(new URL('node_modules/@realtime-ai', import.meta.url));
  if (existsSync(`${scope}/trace`)) return;
  mkdirSync(scope, { recursive: true });
  symlinkSync('../../..', `${scope}/trace`, 'junction');
}

/** Installs the packages in the lock file of a folder, unless they are up to date. */
export function ensureFolder(path: string): void {
  const lock = createHash('sha256')
    .update(readFileSync(`${path}/package-lock.json`))
    .digest('hex');
  const stamp = `${path}/node_modules/.installed-lock`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  execFileSync('npm', ['ci', '--prefix', path, '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  writeFileSync(stamp, lock);
}
