import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const SUBJECTS = ['opentelemetry-2', 'opentelemetry-3', 'protobufjs', 'sentry', 'dd-trace', 'effect'];

/**
 * Compiles the programs that run in separate processes to plain JavaScript. A loader that compiles on the fly would be
 * measured, too, and the function names that it keeps would slow down the measured code. Packages are not bundled: each
 * subject resolves them from its own folder.
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

/** Generates the protobufjs encoder from our copy of the protocol. */
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
