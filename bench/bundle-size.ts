import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** What a bundle comes to. */
export interface BundleSize {
  readonly gzipBytes: number;
  readonly minifiedBytes: number;
  readonly metafile: Metafile;
}

/**
 * The size of a program as a browser gets it: bundled, minified, gzipped at the default level. Of chunks that load on
 * demand only the first counts.
 */
export async function bundleSize(
  program: string,
  folder: string,
  options: Pick<BuildOptions, 'alias' | 'tsconfigRaw'> = {},
): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting: true,
    outdir: folder,
    write: false,
    metafile: true,
    logLevel: 'warning',
    ...options,
  });
  const first = outputFiles.find(({ path }) => path.endsWith('stdin.js'));
  if (first === undefined) throw new Error('the bundle has no entry');
  return { gzipBytes: gzipSync(first.contents).length, minifiedBytes: first.contents.length, metafile };
}
