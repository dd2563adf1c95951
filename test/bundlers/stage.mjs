// Runs the `main` of a bundle with only the globals of its target. Prints the result as JSON, in the last line.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';

const [folder, entry, target, url] = process.argv.slice(2);
const lines = [];

// The globals that pages, web workers and Workers share.
const COMMON = {
  AbortController,
  AbortSignal,
  ArrayBuffer,
  CompressionStream,
  DOMException,
  Event,
  EventTarget,
  Headers,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  Uint8Array,
  clearInterval,
  clearTimeout,
  crypto,
  fetch,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
  structuredClone,
};
const console = Object.fromEntries(
  ['log', 'info', 'warn', 'error', 'debug'].map((method) => [method, (line) => lines.push(line)]),
);

let isLoading = true;

/** Fails like the functions that Workers forbid while a module loads. */
function forbidden(name, use) {
  return (...args) => {
    if (isLoading) throw new Error(`${name} in global scope`);
    return use(...args);
  };
}

async function contextOf() {
  if (target === 'edge-light') {
    const { EdgeVM } = await import('@edge-runtime/vm');
    // Next extends its edge runtime in the same way.
    return new EdgeVM({ extend: (context) => Object.assign(context, { AsyncLocalStorage, console }) }).context;
  }
  const globals = { ...COMMON, console };
  if (target === 'workerd') {
    globals.setTimeout = forbidden('setTimeout', setTimeout);
    globals.fetch = forbidden('fetch', fetch);
    globals.crypto = { getRandomValues: forbidden('getRandomValues', (array) => crypto.getRandomValues(array)) };
  } else {
    globals.addEventListener = globals.removeEventListener = () => {};
    if (target === 'page') globals.document = new EventTarget();
  }
  const context = vm.createContext(globals);
  vm.runInContext('globalThis.self = globalThis; if (globalThis.document) globalThis.window = globalThis;', context);
  return context;
}

async function loadIn(context) {
  const modules = new Map();
  const code = readFileSync(join(folder, entry), 'utf8');
  // A classic script, such as that of a worker.
  if (!/\b(import|export)\b/.test(code)) return vm.runInContext(code, context);
  const moduleOf = (specifier) => {
    if (!specifier.startsWith('./')) throw new Error(`${target} has no module ${specifier}`);
    if (!modules.has(specifier)) {
      const source = readFileSync(join(folder, specifier), 'utf8');
      modules.set(
        specifier,
        new vm.SourceTextModule(source, { context, importModuleDynamically, identifier: specifier }),
      );
    }
    return modules.get(specifier);
  };
  const evaluated = async (module) => {
    if (module.status === 'unlinked') await module.link(moduleOf);
    await module.evaluate();
    return module;
  };
  const importModuleDynamically = async (specifier) => {
    if (target !== 'workerd' || specifier !== 'node:async_hooks') return evaluated(moduleOf(specifier));
    const hooks = new vm.SyntheticModule(
      ['AsyncLocalStorage'],
      function () {
        this.setExport('AsyncLocalStorage', AsyncLocalStorage);
      },
      { context },
    );
    return evaluated(hooks);
  };
  await evaluated(moduleOf(`./${entry}`));
}

let scope = globalThis;
if (target === 'node' || target === 'node-cjs') {
  await import(pathToFileURL(join(folder, entry)));
} else {
  scope = await contextOf();
  await loadIn(scope);
}
isLoading = false;
// A request arrives only after everything that the loading started is done.
await new Promise((resolve) => setImmediate(resolve));
const result = await scope.main(url);
// Starts a new line, whatever the package itself has printed.
process.stdout.write(`\n${JSON.stringify({ result, lines })}`, () => process.exit());
