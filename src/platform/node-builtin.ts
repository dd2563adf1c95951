interface Modules {
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:http2': typeof import('node:http2');
  'node:net': typeof import('node:net');
  'node:tls': typeof import('node:tls');
  'node:zlib': typeof import('node:zlib');
}

/**
 * Loads a built-in module of Node when it is needed; returns `undefined` before Node 20.16. An `import` of `node:fs`
 * alone would make the import of this package 2.5 ms longer, since it reads every export of the module.
 */
export function builtin<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  return process.getBuiltinModule?.(name);
}
