import { writeFile } from 'node:fs/promises';
import { defineConfig, type Options } from 'tsup';

const platforms = ['default', 'bun', 'deno', 'edge-light', 'browser'];
const filesOf = (names: string[]) =>
  Object.fromEntries(names.map((name) => [`platform/${name}`, `src/platform/${name}.ts`]));

// What the declarations need of globals is declared here, so that they do without a lib for it, without those of the DOM
// and without @types/node. Where there are such, these merge with them.
const globals = `declare global {
  interface AbortSignal {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}`;

const declarations: Options['dts'] = { entry: { index: 'src/index.ts' }, banner: globals };
const grpcDeclarations: Options['dts'] = { entry: { grpc: 'src/grpc/index.ts' } };

// A third of the time that Node takes to read and compile the package, and a percent of a bundle.
const terserOptions: Options['terserOptions'] = {
  ecma: 2020,
  // Functions that are used once stay functions: another percent of a bundle, gzipped.
  compress: { inline: 1, reduce_funcs: false },
  // What bundlers need to leave out what is not used.
  // Node shows the line that threw, of a wrong setting for example: it should not be all there is.
  format: { preserve_annotations: true, max_line_len: 250 },
};

const shared: Options = {
  target: 'es2022',
  // Deno and Workers know `node:async_hooks` and no `async_hooks`.
  removeNodeProtocol: false,
  sourcemap: false,
  splitting: false,
  esbuildOptions(options) {
    // Members whose names begin with an underscore are nobody's business but ours, and cost bytes in every bundle.
    options.mangleProps = /^_[a-z]/;
    // Puts numbers in the place of the constants' names.
    options.minifySyntax = true;
  },
  minify: 'terser',
  terserOptions,
};

// The runtime or the bundler picks these by the conditions in package.json, and loads the printer, in pages, and gRPC on
// demand.
const external = ['#grpc', '#host', '#main', '#platform', '#printer', '@realtime-ai/trace'];

// Entry points of one format share one core.
const entryPoints: Options = {
  ...shared,
  external,
  entry: { index: 'src/main.ts', 'host/page': 'src/host/page.ts', 'host/server': 'src/host/server.ts' },
  splitting: true,
};
// One is loaded and no other: what two have in common is cheaper twice than in a file more to be found and read.
const platformFiles: Options = { ...shared, external };
// For Node, all in one file, with the host and the platform that tsconfig.json names.
const forNode: Options = { ...shared, external: ['#grpc'], entry: { 'node/index': 'src/main.ts' } };
// Once for all runtimes that have HTTP/2. It takes what it shares with the rest from `#main`, whichever file that is there, so
// that there is one core; nothing that has its name shortened crosses over.
const grpc: Options = { ...shared, external, entry: { grpc: 'src/grpc/index.ts' } };
// By itself: what a module that is loaded on demand shares with others is loaded with those, and whole.
const printer: Options = { ...shared, entry: { 'host/printer': 'src/export/printer.ts' } };

// By way of Rollup: where tsup converts files itself, `?.` and `??` become calls of functions, on the hot path too.
const commonJs: Options = {
  format: 'cjs',
  treeshake: true,
  plugins: [
    {
      // By `import` it would be the ES module's, with a core of its own.
      name: 'requires on demand',
      renderChunk: (code) => ({
        code: code.replace(/import\("#grpc"\)/g, 'Promise.resolve().then(()=>require("#grpc"))'),
      }),
    },
  ],
};

export default defineConfig([
  { ...entryPoints, format: 'esm', clean: true },
  {
    ...entryPoints,
    ...commonJs,
    dts: declarations,
    // The same 67 kB a second time would say nothing else.
    onSuccess: () => writeFile('dist/index.d.ts', "export * from './index.cjs';\n"),
  },
  // Only the Workers' file awaits at its top level, which CommonJS cannot.
  { ...platformFiles, entry: filesOf([...platforms, 'workerd']), format: 'esm' },
  { ...platformFiles, ...commonJs, entry: filesOf(platforms) },
  { ...forNode, format: 'esm' },
  { ...forNode, ...commonJs },
  { ...printer, format: 'esm' },
  { ...printer, ...commonJs },
  { ...grpc, format: 'esm' },
  {
    ...grpc,
    ...commonJs,
    dts: grpcDeclarations,
    onSuccess: () => writeFile('dist/grpc.d.ts', "export * from './grpc.cjs';\n"),
  },
]);
