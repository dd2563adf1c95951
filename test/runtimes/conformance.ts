import { cpSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ability, Aftermath, Case, Input } from '../conformance/case.ts';
import { SUITE } from '../conformance/suite.ts';
import type { Host } from './host.ts';
import { EDGES } from './hosts/edge.ts';
import { PAGES } from './hosts/pages.ts';
import { PROCESSES } from './hosts/processes.ts';
import { WORKERS } from './hosts/workers.ts';
import { type Receiver, startReceiver } from './inbox.ts';

const HOSTS: readonly Host[] = [...PROCESSES, ...WORKERS, ...EDGES, ...PAGES];
const PATIENCE_MILLIS = 30_000;

/** The result of a case on a runtime. */
export interface Cell {
  /** The titles of both. */
  readonly host: string;
  readonly case: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'missing';
  /** Why it has not passed. */
  readonly why: string;
  readonly millis: number;
}

/** The part of the suite to run: regular expressions for titles, or for the file names of cases. */
export interface Selection {
  readonly runtime: string;
  readonly case: string;
}

/**
 * Runs every case on every runtime.
 *
 * @param folder - A project with the package installed.
 * @param onCell - Called with each cell as soon as it is finished.
 * @returns The cells in the order of the table, runtime by runtime.
 */
export async function runConformance(
  folder: string,
  selection: Selection,
  onCell: (cell: Cell) => void,
): Promise<readonly Cell[]> {
  cpSync(fileURLToPath(new URL('../conformance/', import.meta.url)), join(folder, 'conformance'), { recursive: true });
  const hosts = HOSTS.filter(({ title }) => new RegExp(selection.runtime).test(title));
  const cases = Object.entries(SUITE).filter(([id, { title }]) => new RegExp(selection.case).test(`${id} ${title}`));
  const receiver = startReceiver();
  const cells: Cell[] = [];
  const pairs = hosts.flatMap((host) => cases.map(([id, testCase]) => ({ host, id, testCase })));
  let next = 0;
  const work = async () => {
    while (next < pairs.length) {
      const at = next++;
      const { host, id, testCase } = pairs[at];
      cells[at] = await cellOf(host, id, testCase, folder, receiver);
      onCell(cells[at]);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(3, availableParallelism()) }, work));
  } finally {
    for (const host of hosts) await host.close?.();
    await receiver.stop();
  }
  return cells;
}

async function cellOf(host: Host, id: string, testCase: Case, folder: string, receiver: Receiver): Promise<Cell> {
  const cell = { host: host.title, case: testCase.title, why: '', millis: 0 };
  const missing = host.missing();
  if (missing !== undefined) return { ...cell, state: 'missing', why: missing };
  const lacking = testCase.needs?.find((ability) => host.lacks[ability] !== undefined);
  if (lacking !== undefined) return { ...cell, state: 'skipped', why: host.lacks[lacking] as string };
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE_MILLIS} ms`)), PATIENCE_MILLIS);
  });
  try {
    await Promise.race([runCell(host, id, testCase, folder, receiver), timeIsUp]);
    return { ...cell, state: 'passed', millis: performance.now() - start };
  } catch (error) {
    return { ...cell, state: 'failed', why: (error as Error).message, millis: performance.now() - start };
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Error with the reason for the failure. */
async function runCell(host: Host, id: string, testCase: Case, folder: string, receiver: Receiver): Promise<void> {
  const { fate } = testCase;
  const startedAt = Date.now();
  const inbox = await receiver.open(fate === 'its first request is cancelled');
  const input: Input = {
    endpoint: inbox.endpoint,
    grpcEndpoint: inbox.grpcEndpoint,
    lacks: Object.keys(host.lacks) as Ability[],
    language: host.language,
    runtimeName: host.runtimeName,
  };
  const canBeRead = host.lacks.environment === undefined;
  const variables = testCase.variables?.(inbox.endpoint, canBeRead) ?? {};
  const { report, output, dispose } = await host.run({ id, folder, input, variables, fate, inbox });
  const { requests } = await inbox.closed(report.error === undefined ? testCase.spans : 0);
  await dispose?.();
  if (report.error !== undefined) throw new Error(`${report.error}\n${output}`);
  if (report.diagnostics.length > 0) throw new Error(`the package complained: ${report.diagnostics.join(', ')}`);
  const refused = requests.find(({ problem }) => problem !== undefined);
  if (refused !== undefined) throw new Error(`a request for ${refused.path}: ${refused.problem}`);
  const spans = requests.flatMap((request) => request.spans);
  const ids = new Set(spans.map(({ traceId, spanId }) => traceId + spanId));
  if (spans.length !== testCase.spans || ids.size !== testCase.spans) {
    throw new Error(`${spans.length} spans arrived, ${ids.size} of them different, instead of ${testCase.spans}`);
  }
  const aftermath: Aftermath<unknown> = {
    facts: report.facts,
    input,
    requests,
    spans,
    output,
    startedAt,
    endedAt: Date.now(),
  };
  testCase.check(aftermath);
}
