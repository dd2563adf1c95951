/** The platform on which a bundle runs. */
export type Target = 'page' | 'worker' | 'workerd' | 'edge-light' | 'node' | 'node-cjs';

/** The input of a bundler. */
export interface Task {
  /** The path of the program. */
  readonly program: string;
  readonly target: Target;
  /** Minified by the bundler's own minifier. */
  readonly isMinified: boolean;
}

/** The output of a bundler. */
export interface Bundle {
  /** The name of the first file to load. */
  readonly entry: string;
  /** The code of each file by name. Files import each other by relative names. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of the package that contribute to the bundle, as paths below `dist/`. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
}

export interface Bundler {
  readonly name: string;
  bundle(task: Task): Promise<Bundle>;
}

/** The conditions to set in a bundler that does not know the target; none for a target that it knows. */
export const CONDITIONS: Readonly<Record<Target, readonly string[]>> = {
  page: [],
  worker: [],
  // Wrangler's conditions.
  workerd: ['workerd', 'worker', 'browser'],
  // Next's conditions.
  'edge-light': ['edge-light', 'worker'],
  node: [],
  'node-cjs': [],
};

/** Imports that stay in the bundle, for the runtime to resolve. */
export const BUILTIN = /^node:/;

/** Returns the path below the package's `dist/`; `undefined` for a file of the program or of another package. */
export function moduleOf(path: string): string | undefined {
  return /@realtime-ai\/trace\/dist\/([^?]+)/.exec(path.replaceAll('\\', '/'))?.[1];
}

/** Returns the sorted paths below `dist/` of all files of the package. */
export function modulesOf(paths: Iterable<string>): string[] {
  const modules = new Set<string>();
  for (const path of paths) {
    const module = moduleOf(path);
    if (module !== undefined) modules.add(module);
  }
  return [...modules].sort();
}

/** An output file in the form of Rollup and the bundlers modeled on it. */
export interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly code: string;
  readonly isEntry: boolean;
  readonly modules: Readonly<Record<string, { readonly renderedLength: number }>>;
}

/** Converts such files to a bundle. */
export function bundleOf(output: readonly { readonly type: string }[], warnings: readonly string[]): Bundle {
  const chunks = output.filter((each): each is Chunk => each.type === 'chunk');
  return {
    entry: chunks.find(({ isEntry }) => isEntry)?.fileName ?? '',
    files: new Map(chunks.map(({ fileName, code }) => [fileName, code])),
    modules: modulesOf(
      chunks.flatMap(({ modules }) => Object.keys(modules).filter((id) => modules[id].renderedLength > 0)),
    ),
    warnings,
  };
}

/** Returns the files that load along with the first one: its static imports, and theirs in turn. */
export function loadedAtOnce({ entry, files }: Bundle): string[] {
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const code = files.get(name) ?? '';
    for (const [, imported] of code.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+)["']/g)) load(imported);
  };
  load(entry);
  return [...loaded];
}

/** Returns all of the bundle's code. */
export function textOf({ files }: Pick<Bundle, 'files'>): string {
  return [...files.values()].join('\n');
}
