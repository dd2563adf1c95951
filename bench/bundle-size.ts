import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** The size and content of a bundle. */
export interface BundleSize {
  readonly gzipBytes: number;
  readonly minifiedBytes: number;
  readonly metafile: Metafile;
}

/**
 * Measures a program as a browser loads it: bundled, minified, gzipped at the default level. Chunks that load on demand
 * do not count.
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

/** Returns a file and all files that it imports statically. */
function withImports(path: string, metafile: Metafile, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const { kind, path: imported, external } of metafile.outputs[path].imports) {
    if (kind === 'import-statement' && external !== true) withImports(imported, metafile, found);
  }
  return found;
}
