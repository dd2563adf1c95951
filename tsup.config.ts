import { readFile, writeFile } from 'node:fs/promises';
import { build, defineConfig, type Options } from 'tsup';
import { joinCore } from './build/core-file.ts';
import { publicDeclarations } from './build/declarations.ts';
import { constrained, ioPerRequest } from './src/platform/browser.ts';

const filesOf = (...platforms: string[]) =>
  Object.fromEntries(platforms.map((name) => [`platform/${name}`, `src/platform/${name}.ts`]));

// What the declarations need of globals is declared here, so that they do without a lib for it, without those of the DOM
// and without @types/node. Where there are such, these merge with them.
const globals = `declare global {
  interface AbortSignal {}
  interface Request {}
  interface URL {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}`;

// A third of the time that Node takes to read and compile the package, and a percent of a bundle.
const terserOptions: Options['terserOptions'] = {
  ecma: 2020,
  // Functions that are used once stay functions: another percent of a bundle, gzipped.
  compress: { inline: 1, reduce_funcs: false },
  // What bundlers need to leave out what is not used.
  // Node shows the line that threw, of a wrong setting for example: it should not be all there is. And with one character
  // beyond Latin-1 it keeps all of the file in twice the memory.
  format: { preserve_annotations: true, max_line_len: 250, ascii_only: true, comments: /webpackIgnore|@vite-ignore/ },
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

// They share one core, which is in chunks until they are joined.
const entryPoints: Options = {
  ...shared,
  external,
  entry: { index: 'src/main.ts', 'host/page': 'src/host/page.ts', 'host/server': 'src/host/server.ts' },
  splitting: true,
  async onSuccess() {
    await joinCore('dist');
    await declare();
  },
};
// One is loaded and no other: what two have in common is cheaper twice than in a file more to be found and read, but for
// Workers, which get one bundle anyway.
const platformFiles: Options = { ...shared, external };
// What of the rest is for other surroundings is left out of a page's bundle where these are a `const` that begins the file:
// 120 bytes. esbuild makes a `var` of every constant.
const page: Options = {
  ...platformFiles,
  entry: filesOf('browser'),
  format: 'esm',
  onSuccess: () =>
    change(
      'platform/browser.js',
      (code) =>
        `export const constrained=${constrained},ioPerRequest=${ioPerRequest};` +
        code.replace(/\w+ as (constrained|ioPerRequest),/g, ''),
    ),
};
// Once for all runtimes that have HTTP/2. It takes what it shares with the rest from `#main`, whichever file that is there, so
// that there is one core; nothing that has its name shortened crosses over.
const grpc: Options = { ...shared, external, entry: { grpc: 'src/grpc/index.ts' } };
// By itself: what a module that is loaded on demand shares with others is loaded with those, and whole.
const printer: Options = { ...shared, entry: { 'host/printer': 'src/export/printer.ts' } };

// By way of Rollup: where tsup converts files itself, `?.` and `??` become calls of functions, on the hot path too.
const commonJs: Options = { ...shared, format: 'cjs', treeshake: true };

// CommonJS is a function of what requires the platform. Node's platform stands in the file that Node loads first, because
// to ask for `#platform` takes Node longer than to read and compile it. The parentheses have V8 compile the function at
// once: it would read all of it twice.
const core: Options = {
  ...commonJs,
  entry: { core: 'src/main.ts' },
  external: ['#platform', '#printer'],
  esbuildOptions(options, context) {
    shared.esbuildOptions?.(options, context);
    options.alias = { '#host': './src/host/universal.ts' };
  },
  async onSuccess() {
    await change(
      'core.cjs',
      (code) => `module.exports=(function(require,exports){'use strict';${code}\nreturn exports});`,
    );
    await writeFile('dist/index.cjs', "module.exports=require('./core.cjs')(()=>require('#platform'),{});\n");
    // Where ES modules can be required, they are, lest there be two copies. Who imports what hands on that which was
    // required, by default, gets the default export of an ES module; so there is one.
    const required = "import*as all from'./index.js';export*from'./index.js';export{all as default};\n";
    await writeFile('dist/required.js', required);
  },
};
const coreOnNode: Options = {
  ...commonJs,
  entry: { 'node/index': 'src/platform/node.ts' },
  external: ['#grpc'],
  onSuccess: () =>
    change('node/index.cjs', (code) => {
      // By `import` it would be the ES module's, with a core of its own.
      const required = code.replace('import("#grpc")', 'Promise.resolve().then(()=>require("#grpc"))');
      return `'use strict';${required}\nmodule.exports=require('../core.cjs')(()=>exports,{});`;
    }),
};

async function declare(): Promise<void> {
  for (const [name, path, banner] of [
    ['index', 'src/index.ts', globals],
    ['grpc', 'src/grpc/index.ts', ''],
  ]) {
    const entry = { [name]: path };
    const external = ['@realtime-ai/trace'];
    await build({ config: false, silent: true, entry, external, format: 'cjs', dts: { only: true, banner } });
    await change(`${name}.d.cts`, publicDeclarations);
    // The same a second time would say nothing else.
    await writeFile(`dist/${name}.d.ts`, `export * from './${name}.cjs';\n`);
  }
}

async function change(file: string, changed: (text: string) => string): Promise<void> {
  const path = `dist/${file}`;
  await writeFile(path, `${changed((await readFile(path, 'utf8')).trimEnd())}\n`);
}

export default defineConfig([
  { ...entryPoints, format: 'esm', clean: true },
  // Bun, Deno and what bundles for Node and for Workers require ES modules.
  { ...platformFiles, entry: filesOf('bun', 'deno', 'node'), format: 'esm' },
  page,
  { ...platformFiles, entry: filesOf('default', 'workerd'), format: 'esm', splitting: true },
  { ...platformFiles, ...commonJs, entry: filesOf('browser', 'default') },
  core,
  coreOnNode,
  { ...printer, format: 'esm' },
  { ...grpc, format: 'esm' },
  { ...grpc, ...commonJs },
]);
