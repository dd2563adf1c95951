import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What every run needs; `npm run bench:install -- runtimes` adds the other runtimes, which are large.
const FOLDERS = ['.', 'peers/opentelemetry-2', 'peers/opentelemetry-3', 'peers/protobufjs'];

for (const folder of [...FOLDERS, ...process.argv.slice(2)]) install(folder);

/** Installs what a folder's lock file says, unless it is there. */
function install(folder: string): void {
  const path = fileURLToPath(new URL(folder, import.meta.url));
  const lock = createHash('sha256')
    .update(readFileSync(`${path}/package-lock.json`))
    .digest('hex');
  const stamp = `${path}/node_modules/.installed-lock`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  execFileSync('npm', ['ci', '--prefix', path, '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  writeFileSync(stamp, lock);
}
