import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureFolder } from '../../bench/installed.ts';
import { withPackedProject } from '../../bench/packed.ts';
import { ensureBuilt } from '../docs/build.ts';

// `npm run test:bundlers` installs the bundlers if necessary, packs the package as it is published, puts the programs
// beside it, and runs the tests. Names select tests. Options are passed to Node's test runner: `-- vite
// --test-name-pattern=workerd`.
const here = fileURLToPath(new URL('.', import.meta.url));
const programs = join(here, 'programs');
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

ensureFolder(here);
ensureBuilt(new URL('../../', import.meta.url));
await withPackedProject(async ({ folder }) => {
  for (const name of readdirSync(programs)) copyFileSync(join(programs, name), join(folder, name));
  const files = readdirSync(here)
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  if (files.length === 0) throw new Error(`no test's file has ${wanted.join(' or ')} in its name`);
  const runner = ['--import', 'tsx', '--test', '--test-timeout=240000', '--test-concurrency=2', ...options];
  const child = spawn(process.execPath, [...runner, ...files.map((name) => join(here, name))], {
    stdio: 'inherit',
    env: { ...process.env, PROGRAMS_FOLDER: folder },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
});
