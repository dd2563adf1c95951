import { BUILTIN, type Bundler, bundleOf, type Chunk, CONDITIONS, type Target } from './bundle.ts';

/** The part of Rolldown's types that is used. The real ones exist only if this folder is installed. */
interface Built {
  generate(options: object): Promise<{ output: readonly Chunk[] }>;
  close(): Promise<void>;
}

const { rolldown: run } = (await import('rolldown' as string)) as { rolldown: (options: object) => Promise<Built> };

const OPTIONS: Readonly<Record<Target, object>> = {
  page: { platform: 'browser' },
  worker: { platform: 'browser' },
  workerd: { platform: 'neutral', resolve: { conditionNames: ['import', ...CONDITIONS.workerd] }, external: BUILTIN },
  'edge-light': { platform: 'neutral', resolve: { conditionNames: ['import', ...CONDITIONS['edge-light']] } },
  node: { platform: 'node' },
  'node-cjs': { platform: 'node' },
};

/** Rolldown, with Oxc's minifier. */
export const rolldown: Bundler = {
  name: 'Rolldown',
  async bundle({ program, target, isMinified }) {
    const warnings: string[] = [];
    const built = await run({
      input: program,
      ...OPTIONS[target],
      onLog: (level: string, { message }: { message: string }) => level === 'warn' && warnings.push(message),
    });
    const { output } = await built.generate({ format: target === 'node-cjs' ? 'cjs' : 'es', minify: isMinified });
    await built.close();
    return bundleOf(output, warnings);
  },
};
