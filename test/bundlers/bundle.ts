/** Where a bundle is to run. */
export type Target = 'page' | 'worker' | 'workerd' | 'edge-light' | 'node' | 'node-cjs';

/** What a bundler is asked to do. */
export interface Task {
  /** The path of the program. */
  readonly program: string;
  readonly target: Target;
  /** By the minifier that is the bundler's own. */
  readonly isMinified: boolean;
}

/** What a bundler has made. */
export interface Bundle {
  /** The name of the file to begin with. */
  readonly entry: string;
  /** The code of each file by its name; the names of imports between them are relative. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of the package of which something is in it, as paths below `dist/`. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
}

export interface Bundler {
  readonly name: string;
  bundle(task: Task): Promise<Bundle>;
}

/** The conditions that are named to a bundler which does not know the target; none for a target that it knows. */
export const CONDITIONS: Readonly<Record<Target, readonly string[]>> = {
  page: [],
  worker: [],
  // Those of Wrangler.
  workerd: ['workerd', 'worker', 'browser'],
  // Those of Next.
  'edge-light': ['edge-light', 'worker'],
  node: [],
  'node-cjs': [],
};

/** What is left to the runtime. */
export const BUILTIN = /^node:/;

/** The path below the package's `dist/`; `undefined` for a file of another package, or of the program. */
export function moduleOf(path: string): string | undefined {
  return /@realtime-ai\/trace\/dist\/([^?]+)/.exec(path.replaceAll('\\', '/'))?.[1];
}

/** The paths below `dist/` of those that are files of the package, sorted. */
export function modulesOf(paths: Iterable<string>): string[] {
  const modules = new Set<string>();
  for (const path of paths) {
    const module = moduleOf(path);
    if (module !== undefined) modules.add(module);
  }
  return [...modules].sort();
}

/** A file as Rollup, and what is made after it, hands it over. */
export interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly code: string;
  readonly isEntry: boolean;
  readonly modules: Readonly<Record<string, { readonly renderedLength: number }>>;
}

/** What such files come to. */
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

/** The files that are loaded along with the first one: what it imports statically, and what these do. */
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

/** All of its code. */
export function textOf({ files }: Pick<Bundle, 'files'>): string {
  return [...files.values()].join('\n');
}
