import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** What a bundle comes to. */
export interface BundleSize {
  readonly gzipBytes: number;
  readonly minifiedBytes: number;
  readonly metafile: Metafile;
}

/**
 * The size of a program as a browser gets it: bundled, minified, gzipped at the default level. What loads on demand
 * does not count.
 */
export async function bundleSize(
  program: string,
  folder: string,
  options: Pick<BuildOptions, 'alias' | 'external' | 'platform' | 'tsconfigRaw'> = {},
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
  const [entry] = Object.keys(metafile.outputs).filter((path) => path.endsWith('stdin.js'));
  const loaded = [...withImports(entry, metafile)].map((path) => {
    const file = outputFiles.find((each) => basename(each.path) === basename(path));
    if (file === undefined) throw new Error(`the bundle has no ${path}`);
    return file.contents;
  });
  const sum = (lengths: number[]) => lengths.reduce((total, length) => total + length, 0);
  return {
    gzipBytes: sum(loaded.map((contents) => gzipSync(contents).length)),
    minifiedBytes: sum(loaded.map(({ length }) => length)),
    metafile,
  };
}

/** A file and all those that are loaded along with it. */
function withImports(path: string, metafile: Metafile, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const { kind, path: imported, external } of metafile.outputs[path].imports) {
    if (kind === 'import-statement' && external !== true) withImports(imported, metafile, found);
  }
  return found;
}
