import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from '../bench-case.ts';
import { figureOf } from '../figure.ts';
import { withPackedProject } from '../packed.ts';

const bench = fileURLToPath(new URL('..', import.meta.url));

/** Returns the milliseconds from the start of a process to the end of its file, which the file itself prints. */
function runOnce(file: string): number {
  const millis = Number(execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 }));
  if (!(millis > 0)) throw new Error(`${file} printed no time`);
  return millis;
}

/** Measures the time to the end of a first span, in one module format, minus the time of Node alone. */
function startup(name: string, what: string, extension: 'mjs' | 'cjs'): BenchCase {
  return {
    name,
    what: `import, initialize and first span (${what}), not counting bare Node`,
    everywhere: false,
    measure: (lab) =>
      withPackedProject(async ({ folder }) => {
        cpSync(join(bench, 'startup'), folder, { recursive: true });
        const all = [
          ['bare Node', join(folder, `bare.${extension}`)],
          ['@realtime-ai/trace', join(folder, `first-span.${extension}`)],
          ['OpenTelemetry JS 2.12', join(bench, `peers/opentelemetry-2/first-span.${extension}`)],
          ['OpenTelemetry JS 3.1', join(bench, `peers/opentelemetry-3/first-span.${extension}`)],
        ];
        const contenders = lab.either(all, all.slice(0, 2));
        const samples = contenders.map((): number[] => []);
        // The first round fills the file system cache.
        for (let round = -1; round < lab.either(25, 5); round++) {
          for (const [at, [, file]] of contenders.entries()) {
            const millis = runOnce(file);
            if (round >= 0) samples[at].push(millis);
          }
        }
        const base = figureOf('', samples[0]).median;
        const figures = contenders.slice(1).map(([contender], at) =>
          figureOf(
            contender,
            samples[at + 1].map((millis) => millis - base),
          ),
        );
        const notes = [`bare Node: ${base.toFixed(1)} ms, subtracted`];
        return { unit: 'ms', figures, score: figures[0].median, notes };
      }),
  };
}

export const startupEsm = startup('startup-esm', 'ESM', 'mjs');
export const startupCommonJs = startup('startup-cjs', 'CommonJS', 'cjs');
