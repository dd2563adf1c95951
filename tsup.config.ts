import { defineConfig, type Options } from 'tsup';

const platforms = ['default', 'node', 'bun', 'deno', 'edge-light', 'browser'];
const entries = (names: string[]) => ({
  index: 'src/index.ts',
  ...Object.fromEntries(names.map((name) => [`platform/${name}`, `src/platform/${name}.ts`])),
});

const shared: Options = {
  target: 'es2022',
  // The runtime or the bundler picks the platform by the conditions in package.json.
  external: ['#platform'],
  // Entry points of one format share one core.
  splitting: true,
  sourcemap: false,
};

export default defineConfig([
  {
    ...shared,
    // Only the Workers' file awaits at its top level, which CommonJS cannot.
    entry: entries([...platforms, 'workerd']),
    format: 'esm',
    clean: true,
    dts: { entry: { index: 'src/index.ts' } },
  },
  { ...shared, entry: entries(platforms), format: 'cjs', dts: { entry: { index: 'src/index.ts' } } },
]);
