import { soakArguments } from './arguments.ts';
import { Random } from './random.ts';
import { Stage } from './stage.ts';
import { suite } from './suite.ts';
import { table } from './table.ts';

// The time that a scenario takes beyond its share, to start processes and check results.
const OVERHEAD_SECONDS = 4;
const LEAST_SECONDS = 4;

const { minutes, seed, only } = soakArguments(process.argv.slice(2));
const unknown = only.filter((name) => !suite.some((each) => each.name === name));
if (unknown.length > 0) {
  throw new Error(`--only ${unknown.join(',')}: unknown; known are ${suite.map(({ name }) => name).join(', ')}`);
}
const chosen = suite.filter(({ name }) => only.length === 0 || only.includes(name));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);
const secondsOfAll = minutes * 60 - OVERHEAD_SECONDS * chosen.length;
console.log(`soak, --minutes ${minutes}, --seed ${seed}\n`);

const random = new Random(seed);
const rows: Record<string, unknown>[] = [];
const wrong: string[] = [];
for (const { name, what, share, run } of chosen) {
  const seconds = Math.max(LEAST_SECONDS, (secondsOfAll * share) / shares);
  console.log(`${name}: ${what}, ${seconds.toFixed(0)} s`);
  const stage = new Stage(random);
  try {
    await run(stage, seconds);
  } catch (error) {
    stage.problems.push(error instanceof Error ? String(error.stack) : String(error));
  }
  await stage.close();
  for (const note of stage.notes) console.log(`  ${note}`);
  for (const problem of stage.problems) console.log(`  !!! ${problem}`);
  wrong.push(...stage.problems.map((problem) => `${name}: ${problem}`));
  rows.push({ scenario: name, ...stage.figures, verdict: stage.problems.length === 0 ? 'good' : 'WRONG' });
}

console.log(`\n${table(rows)}`);
if (wrong.length > 0) {
  console.error(`\nproblems (--seed ${seed}):\n${wrong.map((problem) => `  ${problem}`).join('\n')}`);
  process.exitCode = 1;
}
