import { basename, dirname } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { type Bundler, CONDITIONS, modulesOf, type Target } from './bundle.ts';

const OPTIONS: Readonly<Record<Target, BuildOptions>> = {
  page: { platform: 'browser', splitting: true },
  // A classic worker, in one file.
  worker: { platform: 'browser', format: 'iife' },
  workerd: { platform: 'browser', external: ['node:*'] },
  'edge-light': { platform: 'browser' },
  node: { platform: 'node' },
  'node-cjs': { platform: 'node', format: 'cjs' },
};

export const esbuild: Bundler = {
  name: 'esbuild',
  async bundle({ program, target, isMinified }) {
    const conditions = CONDITIONS[target];
    const { outputFiles, metafile, warnings } = await build({
      entryPoints: [program],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      minify: isMinified,
      ...(conditions.length > 0 && { conditions: [...conditions] }),
      ...OPTIONS[target],
      absWorkingDir: dirname(program),
      outdir: 'out',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const outputs = Object.values(metafile.outputs);
    const [[entry]] = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint === basename(program));
    return {
      entry: basename(entry),
      files: new Map(outputFiles.map(({ path, text }) => [basename(path), text])),
      modules: modulesOf(
        outputs.flatMap(({ inputs }) => Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0)),
      ),
      warnings: warnings.map(({ text }) => text),
    };
  },
};
