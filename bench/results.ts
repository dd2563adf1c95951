import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Measurement } from './bench-case.ts';

const FILE = new URL('results.json', import.meta.url);

/** The results of a run on one runtime. */
export interface Run {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  /** Name and version of the runtime that ran the programs. */
  readonly runtime: string;
  /** By name. Cases of an earlier run say when and where that was. */
  readonly cases: Record<string, Measurement & { readonly earlier?: string }>;
}

/** `results.json`: the last run of each case on each runtime, by the runtime's key. */
export type Results = Record<string, Run>;

/** Reads the stored results; empty if there is no file. */
export function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : {};
}

/** Replaces the last run on the same runtime. Cases that were not run keep their figures. */
export function writeRun(key: string, run: Run): void {
  const results = readResults();
  const merged: Results = { ...results, [key]: { ...run, cases: { ...casesBefore(results[key], run), ...run.cases } } };
  // Five digits are more than the precision of any figure.
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
  writeFileSync(FILE, `${JSON.stringify(merged, rounded, 2)}\n`);
}

/** Returns the cases of the previous run, stamped with when and where each ran, unless `run` has the same stamp. */
function casesBefore(before: Run | undefined, run: Run): Run['cases'] {
  const stamp = (each: Run) => `${each.date} on ${each.cores} cores of ${each.cpu}`;
  const cases = Object.entries(before?.cases ?? {}).map(([name, found]): [string, Run['cases'][string]] => {
    const { earlier = stamp(before as Run), ...measurement } = found;
    return [name, earlier === stamp(run) ? measurement : { ...measurement, earlier }];
  });
  return Object.fromEntries(cases);
}

/** Returns a sentence that lists the cases from earlier runs; `''` if there are none. */
export function earlierText(cases: Run['cases'], titleOf: (name: string) => string): string {
  const names = new Map<string, string[]>();
  for (const [name, { earlier }] of Object.entries(cases)) {
    if (earlier !== undefined) names.set(earlier, [...(names.get(earlier) ?? []), name]);
  }
  return [...names].map(([when, those]) => `Measured on ${when}: ${those.map(titleOf).join('; ')}.`).join(' ');
}
