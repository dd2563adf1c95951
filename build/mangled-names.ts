import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * Returns the short names of all members that match `mangleProps` in these files. All builds get the same ones, so that
 * the objects of one build work in the code of another: a process may hold an ES module and CommonJS of this package.
 */
export async function mangledNames(entry: string[], mangleProps: RegExp, external: string[]): Promise<MangledNames> {
  const outDir = await mkdtemp(join(tmpdir(), 'mangled-names-'));
  let names: MangledNames = {};
  const keepNames: Plugin = {
    name: 'mangled-names',
    setup({ onEnd }) {
      onEnd(({ mangleCache = {} }) => {
        names = mangleCache;
      });
    },
  };
  try {
    await build({
      config: false,
      silent: true,
      entry,
      outDir,
      external,
      format: 'esm',
      target: 'es2022',
      minify: true,
      esbuildPlugins: [keepNames],
      esbuildOptions(options) {
        options.mangleProps = mangleProps;
        options.mangleCache = {};
      },
    });
  } finally {
    await rm(outDir, { recursive: true });
  }
  return names;
}

type MangledNames = Record<string, string | false>;
