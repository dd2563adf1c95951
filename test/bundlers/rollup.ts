import { type InputPluginOption, type RollupLog, rollup as run } from 'rollup';
import { BUILTIN, type Bundler, bundleOf, CONDITIONS, type Target } from './bundle.ts';

type Plugin<Options> = { default: (options?: Options) => InputPluginOption };

const { default: nodeResolve } = (await import('@rollup/plugin-node-resolve' as string)) as Plugin<object>;
const { default: commonjs } = (await import('@rollup/plugin-commonjs' as string)) as Plugin<never>;
const { minify } = (await import('terser' as string)) as {
  minify(code: string, options: object): Promise<{ code: string }>;
};

const RESOLUTION: Readonly<Record<Target, object>> = {
  page: { browser: true },
  worker: { browser: true },
  workerd: { exportConditions: CONDITIONS.workerd },
  'edge-light': { exportConditions: CONDITIONS['edge-light'] },
  node: { exportConditions: ['node'], preferBuiltins: true },
  'node-cjs': { exportConditions: ['node'], preferBuiltins: true },
};

/** Rollup, with Terser. */
export const rollup: Bundler = {
  name: 'Rollup',
  async bundle({ program, target, isMinified }) {
    const logs: RollupLog[] = [];
    const isForPage = target === 'page' || target === 'worker';
    const built = await run({
      input: program,
      plugins: [nodeResolve(RESOLUTION[target]), commonjs()],
      ...(!isForPage && { external: BUILTIN }),
      onLog: (level, log) => level === 'warn' && logs.push(log),
    });
    const { output } = await built.generate({ format: target === 'node-cjs' ? 'cjs' : 'es' });
    await built.close();
    if (isMinified) {
      for (const chunk of output) {
        if (chunk.type === 'chunk') chunk.code = (await minify(chunk.code, { module: target !== 'node-cjs' })).code;
      }
    }
    return bundleOf(
      output,
      logs.map(({ message }) => message),
    );
  },
};
