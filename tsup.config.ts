import { defineConfig, type Options } from 'tsup';

const platforms = ['default', 'node', 'bun', 'deno', 'edge-light', 'browser'];
const entries = (names: string[]) => ({
  index: 'src/index.ts',
  'host/page': 'src/host/page.ts',
  'host/server': 'src/host/server.ts',
  ...Object.fromEntries(names.map((name) => [`platform/${name}`, `src/platform/${name}.ts`])),
});

// What the declarations need of globals is declared here, so that they do without a lib for it, without those of the DOM
// and without @types/node. Where there are such, these merge with them.
const globals = `declare global {
  interface AbortSignal {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}`;

const declarations: Options['dts'] = { entry: { index: 'src/index.ts' }, banner: globals };

const shared: Options = {
  target: 'es2022',
  // The runtime or the bundler picks host and platform by the conditions in package.json, and loads the printer on
  // demand in pages.
  external: ['#host', '#platform', '#printer'],
  // Deno and Workers know `node:async_hooks` and no `async_hooks`.
  removeNodeProtocol: false,
  // Entry points of one format share one core.
  splitting: true,
  sourcemap: false,
  esbuildOptions(options) {
    // Members whose names begin with an underscore are nobody's business but ours, and cost bytes in every bundle.
    options.mangleProps = /^_[a-z]/;
  },
};

export default defineConfig([
  {
    ...shared,
    // Only the Workers' file awaits at its top level, which CommonJS cannot.
    entry: entries([...platforms, 'workerd']),
    format: 'esm',
    clean: true,
    dts: declarations,
  },
  { ...shared, entry: entries(platforms), format: 'cjs', dts: declarations },
  // By itself: what a module that is loaded on demand shares with others is loaded with those, and whole.
  { ...shared, entry: { 'host/printer': 'src/export/printer.ts' }, format: ['esm', 'cjs'], splitting: false },
]);
