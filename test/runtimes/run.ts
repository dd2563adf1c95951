import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureFolder } from '../../bench/installed.ts';
import { withPackedProject } from '../../bench/packed.ts';
import { ensureBuilt } from '../docs/build.ts';
import { type Cell, runConformance } from './conformance.ts';
import { skipsOf, tableOf, writeSections } from './table.ts';

// `npm run test:runtimes` installs the runtimes if necessary, packs the package as it is published, puts the programs
// beside it, and runs the tests and the conformance suite. Names select test files and `conformance`. In the suite,
// `--runtime` and `--case` select further. `--write` updates its table in the documents; without it, they must be up to
// date. All other options are passed to Node's test runner: `-- workers --test-name-pattern=gzip`.
const here = fileURLToPath(new URL('.', import.meta.url));
const root = new URL('../../', import.meta.url);
const DOCUMENTS = ['docs/runtimes.md', 'README.md'];

const OPTIONS = { write: { type: 'boolean' }, runtime: { type: 'string' }, case: { type: 'string' } } as const;
const own = process.argv.slice(2).filter((argument) => /^--(write|runtime=|case=)/.test(argument));
const { write = false, runtime = '', case: title = '' } = parseArgs({ args: own, options: OPTIONS }).values;
const others = process.argv.slice(2).filter((argument) => !own.includes(argument));
const runnerOptions = others.filter((argument) => argument.startsWith('-'));
const wanted = others.filter((argument) => !argument.startsWith('-'));
if (own.length > 0) wanted.push('conformance');
const isWanted = (name: string) => wanted.length === 0 || wanted.some((part) => name.includes(part));

ensureFolder(here);
ensureBuilt(root);
await withPackedProject(async ({ folder }) => {
  const files = readdirSync(here).filter((name) => name.endsWith('.test.ts') && isWanted(name));
  const isSuiteWanted = isWanted('conformance') && runnerOptions.length === 0;
  if (files.length === 0 && !isSuiteWanted) throw new Error(`no test's file has ${wanted.join(' or ')} in its name`);
  if (files.length > 0) await runTests(files, folder);
  if (isSuiteWanted) await runSuite(folder);
});

async function runTests(files: readonly string[], folder: string): Promise<void> {
  const programs = join(here, 'programs');
  for (const name of readdirSync(programs)) copyFileSync(join(programs, name), join(folder, name));
  const runner = ['--import', 'tsx', '--test', '--test-timeout=60000', ...runnerOptions];
  const child = spawn(process.execPath, [...runner, ...files.map((name) => join(here, name))], {
    stdio: 'inherit',
    env: { ...process.env, PROGRAMS_FOLDER: folder },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

async function runSuite(folder: string): Promise<void> {
  const start = performance.now();
  const cells = await runConformance(folder, { runtime, case: title }, tell);
  const of = (state: Cell['state']) => cells.filter((cell) => cell.state === state);
  const [failed, missing] = [of('failed'), of('missing')];
  console.log(`\n${tableOf(cells)}\n\n${skipsOf(cells)}\n`);
  for (const why of new Set(missing.map((cell) => `${cell.host}: ${cell.why}`))) console.log(`not tried: ${why}`);
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(
    `${cells.length} cells in ${seconds} s: ${of('passed').length} passed, ${failed.length} failed, ${of('skipped').length} skipped, ${missing.length} not tried`,
  );
  // In CI, nobody would notice a runtime that is missing.
  if (failed.length > 0 || cells.length === 0 || (missing.length > 0 && process.env.CI)) process.exitCode = 1;
  if (failed.length > 0 || missing.length > 0 || runtime !== '' || title !== '') return;
  for (const document of DOCUMENTS) {
    if (writeSections(new URL(document, root), cells, write)) continue;
    console.log(`${document} ${write ? 'has been written' : 'says otherwise: npm run test:runtimes -- --write'}`);
    if (!write) process.exitCode = 1;
  }
}

function tell({ host, case: title, state, why, millis }: Cell): void {
  if (state === 'failed')
    console.log(`✗ ${host}: ${title} (${Math.round(millis)} ms)\n  ${why.replaceAll('\n', '\n  ')}`);
}
