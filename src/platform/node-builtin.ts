interface Modules {
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:http2': typeof import('node:http2');
  'node:net': typeof import('node:net');
  'node:tls': typeof import('node:tls');
  'node:zlib': typeof import('node:zlib');
}

/**
 * A module of Node's, which loads only now; `undefined` before Node 20.16. An `import` of `node:fs` alone makes that of this
 * package 2.5 ms longer, since it asks for everything that the module has.
 */
export function builtin<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  return process.getBuiltinModule?.(name);
}
