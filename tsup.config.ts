import { readFile, writeFile } from 'node:fs/promises';
import { build, defineConfig, type Options } from 'tsup';
import { joinCore } from './build/core-file.ts';
import { publicDeclarations } from './build/declarations.ts';
import { importRequired } from './build/import-required.ts';
import { mangledNames } from './build/mangled-names.ts';
import { constrained, ioPerRequest } from './src/platform/browser.ts';

const filesOf = (...platforms: string[]) =>
  Object.fromEntries(platforms.map((name) => [`platform/${name}`, `src/platform/${name}.ts`]));

// Declares the globals that the declarations need, so that they work without an extra lib, without the DOM's and
// without @types/node. If these are present, the declarations merge with them.
const globals = `declare global {
  interface AbortSignal {}
  interface Request {}
  interface URL {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}`;

// Minifying saves a third of the time that Node takes to read and compile the package, and a percent of a bundle.
const terserOptions: Options['terserOptions'] = {
  ecma: 2020,
  // Functions that are used once stay functions, which saves another percent of a gzipped bundle.
  compress: { inline: 1, reduce_funcs: false },
  // Annotations let bundlers drop unused code. Node shows the line that threw, for example for a wrong setting: it
  // should not be the whole file. A single character beyond Latin-1 would make Node keep the file in twice the memory.
  format: { preserve_annotations: true, max_line_len: 250, ascii_only: true, comments: /webpackIgnore|@vite-ignore/ },
};

// The runtime or the bundler resolves these by the conditions in package.json. Pages load the printer on demand, and
// servers load gRPC on demand.
const external = ['#grpc', '#host', '#main', '#platform', '#printer', '@realtime-ai/trace'];

// Members whose names begin with an underscore are internal, and their names cost bytes in every bundle.
const mangleProps = /^_[a-z]/;
const everything = ['src/main.ts', 'src/grpc/index.ts', 'src/host/*.ts', 'src/platform/*.ts', 'src/export/printer.ts'];
const names = await mangledNames(everything, mangleProps, external);

const shared: Options = {
  target: 'es2022',
  // Deno and Workers know `node:async_hooks` but not `async_hooks`.
  removeNodeProtocol: false,
  sourcemap: false,
  splitting: false,
  esbuildOptions(options) {
    options.mangleProps = mangleProps;
    options.mangleCache = { ...names };
    // Replaces constants by their numbers.
    options.minifySyntax = true;
  },
  minify: 'terser',
  terserOptions,
};

// They share one core. It consists of chunks until `joinCore` joins them.
const entryPoints: Options = {
  ...shared,
  external,
  entry: { index: 'src/main.ts', 'host/page': 'src/host/page.ts', 'host/server': 'src/host/server.ts' },
  splitting: true,
  async onSuccess() {
    await joinCore('dist');
    await importRequired('node', './index.cjs');
    await importRequired('bun', '../index.cjs');
    await declare();
  },
};
// Only one of these is loaded. What two of them share is cheaper to duplicate than to put into another file that has to
// be found and read. Workers are the exception: they get one bundle anyway.
const platformFiles: Options = { ...shared, external };
// Bundlers drop code for other runtimes from a page only if these flags are a `const` at the start of the file, which
// saves 120 bytes. esbuild makes a `var` of every constant.
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
// Built once for all runtimes that have HTTP/2. It imports what it shares with the rest from `#main`, the main file of
// each runtime, so that there is one core.
const grpc: Options = { ...shared, external, entry: { grpc: 'src/grpc/index.ts' } };
// Built by itself: whatever an on-demand module shares with others would be loaded with those, and in full.
const printer: Options = { ...shared, entry: { 'host/printer': 'src/export/printer.ts' } };

// Goes through Rollup. When tsup converts files itself, `?.` and `??` become function calls, even on the hot path.
const commonJs: Options = { ...shared, format: 'cjs', treeshake: true };

// The CommonJS core is a function of a `require` for the platform. Node's platform is in the file that Node loads
// first, because resolving `#platform` takes Node longer than reading and compiling the platform. The parentheses make
// V8 compile the function at once; otherwise it would read all of it twice.
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
    // Where ES modules can be required, `require` gets them, so that there are not two copies. The default export is
    // for modules that hand on the required one (`module.exports = require(…)`) and are imported by default.
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
      // `import` would load the ES module, which has a core of its own.
      const required = code
        .replace('import("#grpc")', 'Promise.resolve().then(()=>require("#grpc"))')
        // An ES module that esbuild bundles this into has no `require` for Node's own modules.
        .replace(/require\("(node:\w+)"\)/g, '(process.getBuiltinModule?.("$1")??require("$1"))');
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
    // The declarations for ES modules are the same.
    await writeFile(`dist/${name}.d.ts`, `export * from './${name}.cjs';\n`);
  }
}

async function change(file: string, changed: (text: string) => string): Promise<void> {
  const path = `dist/${file}`;
  await writeFile(path, `${changed((await readFile(path, 'utf8')).trimEnd())}\n`);
}

export default defineConfig([
  { ...entryPoints, format: 'esm', clean: true },
  // In Bun, Deno, and bundles for Node and Workers, `require` gets ES modules.
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
