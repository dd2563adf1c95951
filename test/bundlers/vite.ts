import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Bundler, bundleOf, type Chunk, CONDITIONS, type Target } from './bundle.ts';

/** The part of Vite's types that is used. The real ones exist only if this folder is installed. */
interface Logger {
  info(message: string): void;
  warn(message: string): void;
  warnOnce(message: string): void;
}

const { build, createLogger } = (await import('vite' as string)) as {
  build(options: object): Promise<{ output: readonly Chunk[] }>;
  createLogger(level: string): Logger;
};

const onServer = (target?: 'workerd' | 'edge-light') => ({
  build: { ssr: true },
  ssr: {
    noExternal: true,
    // This list replaces Vite's own, so it has to include the conditions that apply to all targets.
    ...(target && { target: 'webworker', resolve: { conditions: [...CONDITIONS[target], 'module'] } }),
  },
});

const OPTIONS: Readonly<Record<Target, { build?: object; ssr?: object }>> = {
  page: {},
  worker: {},
  workerd: onServer('workerd'),
  'edge-light': onServer('edge-light'),
  node: onServer(),
  'node-cjs': onServer(),
};

/** Vite, with its default minifier. */
export const vite: Bundler = {
  name: 'Vite',
  async bundle({ program, target, isMinified }) {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const options = OPTIONS[target];
    const ofWorker: Chunk[] = [];
    const { output } = await build({
      configFile: false,
      root: dirname(program),
      logLevel: 'warn',
      customLogger: { ...createLogger('silent'), info: () => {}, warn, warnOnce: warn },
      ...options,
      build: {
        ...options.build,
        write: false,
        minify: isMinified,
        rollupOptions: {
          input: target === 'worker' ? pageWith(program) : program,
          output: {
            format: target === 'node-cjs' ? 'cjs' : 'es',
            entryFileNames: '[name].js',
            chunkFileNames: '[name].js',
          },
        },
      },
      worker: {
        format: 'es',
        rollupOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' } },
        plugins: () => [
          {
            name: 'worker-output',
            generateBundle: (_: unknown, files: Record<string, Chunk>) => void ofWorker.push(...Object.values(files)),
          },
        ],
      },
    });
    return bundleOf(target === 'worker' ? ofWorker : output, warnings);
  },
};

/** Writes a page that starts the program as a worker. */
function pageWith(program: string): string {
  const name = basename(program);
  const page = join(dirname(program), `page-with-${name}.mjs`);
  writeFileSync(page, `new Worker(new URL('./${name}', import.meta.url), { type: 'module' });\n`);
  return page;
}
