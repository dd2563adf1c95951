import { readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { announceProblem, announceProgram, skipWithout } from './backend.ts';
import { BACKEND_NAMES, builtBackend } from './build.ts';
import { Table } from './table.ts';

// `npm run test:backends` builds the Collector and Jaeger and downloads Zipkin, unless they are cached. It then runs
// the tests and prints a table of what was tested over which protocol. Arguments select files by parts of their names:
// `-- load fields`.
const here = fileURLToPath(new URL('.', import.meta.url));
const FILE_MILLIS = 15 * 60_000;

for (const name of BACKEND_NAMES) {
  try {
    announceProgram(name, await builtBackend(name));
  } catch (error) {
    // Without Go, Java or a network, the other backends can still be tested. CI has all of them.
    if (process.env.CI) throw error;
    announceProblem(name, `no ${name}: ${(error as Error).message}`);
  }
}

const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => here + name);
if (files.length === 0) throw new Error(`no test's name has ${wanted.join(' or ')} in it`);

const table = new Table();
const events = run({ files, timeout: FILE_MILLIS, concurrency: 1 });
events.on('test:start', (test) => table.start(test));
events.on('test:pass', (test) => table.end(test, true));
events.on('test:fail', (test) => {
  table.end(test, false);
  process.exitCode = 1;
});
process.once('exit', () => {
  console.log(`\n${table}`);
  for (const problem of BACKEND_NAMES.map(skipWithout).filter(Boolean)) console.log(`skipped, ${problem}`);
});
events.compose(new spec()).pipe(process.stdout);
