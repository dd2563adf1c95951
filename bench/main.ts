import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { ensureBuilt } from '../test/docs/build.ts';
import { benchArguments } from './arguments.ts';
import type { Measurement } from './bench-case.ts';
import { buildPrograms } from './build.ts';
import type { Figure } from './figure.ts';
import { ensureInstalled } from './installed.ts';
import { Lab } from './lab.ts';
import { writeRun } from './results.ts';
import { runtimeOf, thisNode } from './runtime.ts';
import { shownFigure, shownScore } from './shown.ts';
import { suite } from './suite.ts';
import { targets } from './targets.ts';
import { boundsOf, type Verdict, verdictOf } from './verdict.ts';

const { quick, only, runtime: runtimeName } = benchArguments(process.argv.slice(2));
const runtime = runtimeOf(runtimeName);
const unknown = only.filter((name) => !suite.some((each) => each.name === name));
if (unknown.length > 0) {
  throw new Error(`--only ${unknown.join(',')}: unknown; known are ${suite.map(({ name }) => name).join(', ')}`);
}
const chosen = suite.filter(
  ({ name, everywhere, fullOnly = false }) =>
    (only.length === 0 || only.includes(name)) && (everywhere || runtime === thisNode) && !(quick && fullOnly),
);

const version = execFileSync(runtime.command, ['--version'], { encoding: 'utf8' }).trim().split('\n')[0];
const machine = {
  date: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0].model,
  cores: cpus().length,
  runtime: `${runtime.key} (${version})`,
};
console.log(`${machine.runtime}, ${machine.cores} × ${machine.cpu}${quick ? ', quick' : ''}`);

const lab = new Lab(quick, runtime);
ensureBuilt(new URL('../', import.meta.url));
if (lab.showsBeside) ensureInstalled('beside');
await buildPrograms();
const cases: Record<string, Measurement> = {};
const failed: string[] = [];
for (const { name, what, measure } of chosen) {
  const start = performance.now();
  try {
    cases[name] = await measure(lab);
  } catch (error) {
    failed.push(name);
    console.error(`\n${name}: the work was not done, so there is no figure\n`, error);
    continue;
  }
  print(name, what, cases[name], (performance.now() - start) / 1_000);
}

const verdicts = Object.entries(cases).map(([name, { score }]): [string, Verdict] => [
  name,
  verdictOf(score, targets[name], runtime.key),
]);
printTable();

for (const [name, verdict] of verdicts) {
  if (verdict !== 'far short') continue;
  const { knownShort } = targets[name];
  if (knownShort === undefined) failed.push(name);
  console.log(`\n!!! ${name} misses its target BY FAR${knownShort ? `, which is a known problem: ${knownShort}` : ''}`);
}
if (quick) {
  if (failed.length > 0) {
    console.error(`\nfailed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
} else {
  writeRun(runtime.key, { ...machine, cases });
  if (failed.length > 0) process.exitCode = 1;
}

function print(
  name: string,
  what: string,
  { unit, figures, beside = [], notes = [] }: Measurement,
  seconds: number,
): void {
  console.log(`\n${name}: ${what} (${seconds.toFixed(0)} s)`);
  for (const figure of figures) printFigure(figure, unit);
  if (beside.length > 0) console.log('  for comparison, not part of the score:');
  for (const figure of beside) printFigure(figure, unit);
  for (const note of notes) console.log(`  ${note}`);
}

function printFigure({ name, median, least, most }: Figure, unit: Measurement['unit']): void {
  const shown = [median, least, most].map((value) => shownFigure(value, unit));
  console.log(`  ${name.padEnd(50)} ${shown[0].padStart(12)}   ${shown[1]} to ${shown[2]}`);
}

function printTable(): void {
  const rows = [['case', 'ours', 'better peer', 'score', 'required', 'goal', 'verdict']];
  for (const [name, verdict] of verdicts) {
    const { unit, figures, score } = cases[name];
    const [ours, ...peers] = figures.map(({ median }) => median);
    const best = unit === 'spans/s' ? Math.max(...peers) : Math.min(...peers);
    const { measure } = targets[name];
    const { required, goal } = boundsOf(targets[name], runtime.key);
    rows.push([
      name,
      shownFigure(ours, unit),
      peers.length > 0 ? shownFigure(best, unit) : '–',
      ...[score, required, goal].map((value) => shownScore(value, measure)),
      verdict,
    ]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log();
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column])).join('  '));
}
