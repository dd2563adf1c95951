import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const SUBJECTS = ['opentelemetry-2', 'opentelemetry-3', 'protobufjs', 'sentry', 'dd-trace', 'effect'];

/**
 * Makes plain JavaScript of what runs in processes of its own. A loader that compiles on the way would be measured, too,
 * and its names for functions would slow down what is measured. Packages stay what they are: each subject finds its
 * own beside it.
 */
export async function buildPrograms(): Promise<void> {
  const shared: BuildOptions = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  };
  const programs = ['micro', 'helpers', 'load', 'backlog', 'allocation', 'collector'];
  await Promise.all([
    build({ ...shared, entryPoints: programs.map((name) => `${here}programs/${name}.ts`), outdir: `${here}build` }),
    build({
      ...shared,
      entryPoints: ['realtime-ai', 'untraced'].map((name) => `${here}subjects/${name}.ts`),
      outdir: `${here}subjects/build`,
    }),
    ...SUBJECTS.map((folder) =>
      build({ ...shared, entryPoints: [`${here}peers/${folder}/subject.ts`], outdir: `${here}peers/${folder}/build` }),
    ),
  ]);
  generateStaticCode(`${here}peers/protobufjs`);
}

/** The encoder that protobufjs generates from our copy of the protocol. */
function generateStaticCode(folder: string): void {
  mkdirSync(`${folder}/build`, { recursive: true });
  const switches = ['--no-create', '--no-decode', '--no-verify', '--no-convert', '--no-delimited', '--no-comments'];
  execFileSync(process.execPath, [
    `${folder}/node_modules/protobufjs-cli/bin/pbjs`,
    ...['--target', 'static-module', '--wrap', 'es6', ...switches, '--path', `${here}../proto`],
    ...['--out', `${folder}/build/otlp.mjs`],
    `${here}../proto/opentelemetry/proto/collector/trace/v1/trace_service.proto`,
  ]);
}
