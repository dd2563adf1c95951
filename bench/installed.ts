import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Sets of folders with a lock file of their own, by what they are for. */
export const SETS: Readonly<Record<string, readonly string[]>> = {
  /** What every run needs. */
  needed: ['.', 'peers/opentelemetry-2', 'peers/opentelemetry-3', 'peers/protobufjs'],
  /** What a full run on Node shows beside. */
  beside: ['peers/sentry', 'peers/sentry-browser', 'peers/dd-trace', 'peers/effect'],
  /** The other runtimes, which are large. */
  runtimes: ['runtimes'],
};

/** Installs what the lock files of a set's folders say, unless it is there. */
export function ensureInstalled(set: string): void {
  for (const folder of SETS[set]) ensureFolder(fileURLToPath(new URL(folder, import.meta.url)));
  ensureLinked();
}

/** The package by its name, so that each runtime gets the files that are made for it. */
function ensureLinked(): void {
  const scope = fileURLToPath(new URL('node_modules/@realtime-ai', import.meta.url));
  if (existsSync(`${scope}/trace`)) return;
  mkdirSync(scope, { recursive: true });
  symlinkSync('../../..', `${scope}/trace`, 'junction');
}

/** Installs what the lock file of a folder says, unless it is there. */
export function ensureFolder(path: string): void {
  const lock = createHash('sha256')
    .update(readFileSync(`${path}/package-lock.json`))
    .digest('hex');
  const stamp = `${path}/node_modules/.installed-lock`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  execFileSync('npm', ['ci', '--prefix', path, '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  writeFileSync(stamp, lock);
}
