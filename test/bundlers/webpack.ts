import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Bundler, CONDITIONS, modulesOf, type Target } from './bundle.ts';

/** The part of webpack's types that is used. The real ones exist only if this folder is installed. */
interface Module {
  readonly identifier?: string;
  readonly usedExports?: null | boolean | readonly string[];
  readonly modules?: readonly Module[];
}
interface Stats {
  toJson(options: object): {
    readonly warnings: readonly { message: string }[];
    readonly errors: readonly { message: string }[];
    readonly modules: readonly Module[];
  };
}

const { default: webpackOf } = (await import('webpack' as string)) as {
  default: (options: object, done: (error: Error | null, stats: Stats) => void) => void;
};

const conditionNames = (target: Target) => ({ resolve: { conditionNames: [...CONDITIONS[target], '...'] } });

const OPTIONS: Readonly<Record<Target, object>> = {
  page: { target: ['web', 'es2022'] },
  worker: { target: ['webworker', 'es2022'] },
  workerd: {
    target: ['webworker', 'es2022'],
    ...conditionNames('workerd'),
    externals: /^node:/,
    externalsType: 'module',
  },
  'edge-light': { target: ['webworker', 'es2022'], ...conditionNames('edge-light') },
  node: { target: ['node20', 'es2022'] },
  'node-cjs': { target: ['node20', 'es2022'] },
};

/** webpack, which minifies with Terser. */
export const webpack: Bundler = {
  name: 'webpack',
  async bundle({ program, target, isMinified }) {
    const folder = mkdtempSync(join(dirname(program), 'webpack-'));
    const isModule = target !== 'node-cjs';
    try {
      const stats = await new Promise<Stats>((resolve, reject) => {
        const options = {
          mode: 'production',
          context: dirname(program),
          entry: program,
          ...OPTIONS[target],
          ...(isModule && { experiments: { outputModule: true } }),
          output: { path: folder, filename: 'entry.js', ...(isModule && { module: true, chunkFormat: 'module' }) },
          optimization: { minimize: isMinified },
        };
        webpackOf(options, (error, stats) => (error ? reject(error) : resolve(stats)));
      });
      const { warnings, errors, modules } = stats.toJson({
        all: false,
        warnings: true,
        errors: true,
        modules: true,
        nestedModules: true,
        usedExports: true,
        ids: true,
      });
      if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
      return {
        entry: 'entry.js',
        files: new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
        modules: modulesOf(modules.flatMap(flat).map(({ identifier }) => identifier ?? '')),
        warnings: warnings.map(({ message }) => message),
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Returns the used modules: the module itself, or those that are concatenated in it. */
function flat(module: Module): Module[] {
  if (module.modules !== undefined) return module.modules.flatMap(flat);
  return module.usedExports === false ? [] : [module];
}
