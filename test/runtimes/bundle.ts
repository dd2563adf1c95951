import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { Job } from './host.ts';
import { MARK } from './output.ts';

/** The end of a program that reports on its console. */
export const REPORTING = `console.log('${MARK}' + JSON.stringify(await runCase(testCase)));`;

const bundles = new Map<string, Promise<string>>();

/**
 * Bundles a case and the published package into a program, as an application's bundler would. `way` names the options:
 * each case is bundled once for each way.
 *
 * @param end - Code that uses `testCase` and `runCase`.
 */
export function bundleCase(
  { id, folder }: Pick<Job, 'id' | 'folder'>,
  way: string,
  end: string,
  options: BuildOptions,
): Promise<string> {
  const key = `${id}, ${way}`;
  let bundle = bundles.get(key);
  if (bundle === undefined) {
    bundle = built(id, folder, end, options);
    bundles.set(key, bundle);
  }
  return bundle;
}

async function built(id: string, folder: string, end: string, options: BuildOptions): Promise<string> {
  const conformance = join(folder, 'conformance');
  const source = readFileSync(join(conformance, 'cases', `${id}.ts`), 'utf8');
  const { outputFiles } = await build({
    stdin: {
      contents: `import { runCase } from './case.ts';\nimport testCase from './cases/${id}.ts';\n${end}`,
      resolveDir: conformance,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // Keep the syntax of `using` only for the case that tests it.
    supported: { using: /\busing \w+ = /.test(source) },
    target: 'es2022',
    tsconfigRaw: {},
    ...options,
    write: false,
  });
  return outputFiles[0].text;
}

/** Returns the code before a program that provides its input. */
export function inputCode({ input }: Pick<Job, 'input'>): string {
  return `globalThis.conformance = ${JSON.stringify(input)};\n`;
}
