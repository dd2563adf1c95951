import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { Job } from './host.ts';
import { MARK } from './output.ts';

/** The end of a program that reports on its console. */
export const REPORTING = `console.log('${MARK}' + JSON.stringify(await runCase(testCase)));`;

const bundles = new Map<string, Promise<string>>();

/**
 * A case as a program, with the package as it is published, as an application's bundler makes it. The name of a way of
 * bundling stands for its options: each case is bundled so once.
 *
 * @param end - What is done with `testCase` and `runCase`.
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
    // Only what is there for the syntax has it left as it is.
    supported: { using: /\busing \w+ = /.test(source) },
    target: 'es2022',
    tsconfigRaw: {},
    ...options,
    write: false,
  });
  return outputFiles[0].text;
}

/** What has to stand in front of a program: what it is told. */
export function inputCode({ input }: Pick<Job, 'input'>): string {
  return `globalThis.conformance = ${JSON.stringify(input)};\n`;
}
