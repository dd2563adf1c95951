import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { before, describe, it } from 'node:test';
import ts from 'typescript';
import { SDK_NAME, SDK_VERSION } from '../src/core/version.ts';
import { buildIfMissing, ROOT } from './packaging/distribution.ts';

interface Import {
  /** The specifier; for a relative one, the path from `src/`. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
  main: string;
  module: string;
  types: string;
  exports: object;
  imports: Record<string, object>;
  dependencies?: object;
};
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .sort();
const imports = new Map(sources.map((path) => [path, importsOf(path)]));

function parsed(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(ROOT, 'src', path), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Returns all static and dynamic imports and re-exports of a file. */
function importsOf(path: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { text } = specifier;
    found.push({ target: text.startsWith('.') ? posix.join(posix.dirname(path), text) : text, isTypeOnly });
  };
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node)) add((node.argument as ts.LiteralTypeNode).literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed(path));
  return found;
}

/** Returns the folder of `src/` that contains a file, or the file itself if it is directly in `src/`. */
function layerOf(path: string): string {
  return path.includes('/') ? `${path.split('/')[0]}/` : path;
}

/** Returns the files that an import may resolve to. */
function filesOf(target: string): string[] {
  if (target === '#host') return ['host/page.ts', 'host/server.ts', 'host/universal.ts'];
  return [target === '#printer' ? 'export/printer.ts' : target];
}

// What each layer may import besides its own files.
const layers: Record<string, readonly string[]> = {
  'core/': ['#platform'],
  'export/': ['core/', '#platform'],
  'propagation/': ['core/'],
  // Values come only through `#main`, so that there is one copy of the core. Imports from elsewhere are types.
  'grpc/': ['#main', '@realtime-ai/trace', 'export/', 'platform/node-builtin.ts'],
  'realtime/': ['trace.ts', 'core/'],
  // From `node:http`, only the types of a listener.
  'instrument/': [
    'node:http',
    'trace.ts',
    'config.ts',
    'setting.ts',
    'realtime/',
    'propagation/',
    'core/',
    '#platform',
  ],
  // The exporter files are interfaces that each platform implements.
  'platform/': ['core/', 'export/otlp/grpc.ts', 'export/otlp/http.ts', 'export/otlp/tls.ts', '#grpc'],
  'environment.ts': ['core/', '#platform'],
  'setting.ts': ['core/'],
  'host/': ['environment.ts', 'setting.ts', 'core/', 'export/', 'propagation/', '#platform', '#printer'],
  'config.ts': ['setting.ts', 'core/', 'export/', 'propagation/', '#host'],
  'trace.ts': ['config.ts', 'core/', 'export/', 'propagation/', '#host', '#platform'],
};

describe('the source', () => {
  it('has imports to check in every layer', () => {
    for (const layer of Object.keys(layers).filter((layer) => layers[layer].length > 0)) {
      assert.ok(
        [...imports].some(([path, found]) => layerOf(path) === layer && found.length > 0),
        layer,
      );
    }
  });

  for (const path of sources.filter((path) => !/^(index|main)\.ts$/.test(path))) {
    it(`${path} imports only what its layer may`, () => {
      const layer = layerOf(path);
      assert.ok(Object.hasOwn(layers, layer), `${layer} has no rule yet: design.md says which way imports point`);
      const allowed = (target: string) =>
        layerOf(target) === layer || layers[layer].includes(layerOf(target)) || layers[layer].includes(target);
      const others = (imports.get(path) ?? [])
        .filter(({ target, isTypeOnly }) => !(layer === 'host/' && target === 'config.ts' && isTypeOnly))
        .map(({ target }) => target)
        .filter((target) => !allowed(target));
      assert.deepEqual(
        others.filter((target) => !/^(platform|grpc)\/$/.test(layer) || !target.startsWith('node:')),
        [],
      );
    });
  }

  it('in platform/ imports only types from other layers', () => {
    for (const path of sources.filter((path) => path.startsWith('platform/'))) {
      const values = (imports.get(path) ?? []).filter(({ isTypeOnly }) => !isTypeOnly);
      assert.deepEqual(
        values.filter(({ target }) => !/^(platform\/|node:|#grpc$)/.test(target)),
        [],
        path,
      );
    }
  });

  it('in grpc/ contains no second copy of the core', () => {
    for (const path of sources.filter((path) => path.startsWith('grpc/'))) {
      const values = (imports.get(path) ?? []).filter(({ isTypeOnly }) => !isTypeOnly);
      assert.deepEqual(
        values.filter(({ target }) => !/^(grpc\/|node:|#main$|platform\/node-builtin\.ts$)/.test(target)),
        [],
        path,
      );
    }
  });

  it('has no cycle of imports that survive compilation', () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const { target, isTypeOnly } of imports.get(path) ?? []) {
        if (!isTypeOnly) for (const file of filesOf(target)) walk(file, [...trail, path]);
      }
      done.add(path);
    };
    for (const path of sources) walk(path, []);
    assert.deepEqual(cycles, []);
  });

  it('imports nothing from the registry', () => {
    const foreign = [...imports.values()].flat().filter(({ target, isTypeOnly }) => {
      if (isTypeOnly && target === manifest.name) return false;
      return !sources.includes(target) && !target.startsWith('node:') && !Object.hasOwn(manifest.imports, target);
    });
    assert.deepEqual(foreign, []);
    assert.equal(manifest.dependencies, undefined);
  });

  it('has no file with a vague name', () => {
    const vague = sources.filter((path) => /(^|[/-])(utils?|helpers?|common|types|misc|shared)(\.ts$|\/)/.test(path));
    assert.deepEqual(vague, []);
  });

  it('has index files that only re-export', () => {
    for (const path of ['index.ts', 'main.ts', 'grpc/index.ts']) {
      const { statements } = parsed(path);
      assert.ok(statements.length > 0, path);
      for (const statement of statements) {
        assert.ok(ts.isExportDeclaration(statement) && statement.moduleSpecifier, statement.getText());
      }
    }
  });
});

describe('the conformance suite', () => {
  const folder = join(ROOT, 'test/conformance');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

  it('imports nothing that a runtime may lack', () => {
    assert.ok(files.length > 20, `${files}`);
    for (const path of files) {
      const source = ts.createSourceFile(path, readFileSync(join(folder, path), 'utf8'), ts.ScriptTarget.Latest);
      for (const statement of source.statements) {
        if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly) continue;
        const { text } = statement.moduleSpecifier as ts.StringLiteral;
        const isOwn =
          text.startsWith('.') && !posix.join(posix.dirname(path.replaceAll('\\', '/')), text).startsWith('..');
        assert.ok(isOwn || text === '@realtime-ai/trace', `${path} imports ${text}`);
      }
    }
  });

  it('has every case in its suite', () => {
    const suite = readFileSync(join(folder, 'suite.ts'), 'utf8');
    const cases = readdirSync(join(folder, 'cases')).filter((name) => /^[^.]+\.ts$/.test(name));
    for (const name of cases) assert.ok(suite.includes(`'./cases/${name}'`), `${name} is not in suite.ts`);
  });
});

describe('the package', () => {
  let packed: string[] = [];
  before(async () => {
    await buildIfMissing();
    const [report] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as { files: { path: string }[] }[];
    packed = report.files.map(({ path }) => path);
  });

  it('has the same name and version in its spans', () => {
    assert.deepEqual([SDK_NAME, SDK_VERSION], [manifest.name, manifest.version]);
  });

  it('contains every file that its manifest names', () => {
    const named = [...pathsIn([manifest.exports, manifest.imports]), manifest.main, manifest.module, manifest.types];
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((path) => !packed.includes(posix.normalize(path))),
      [],
    );
  });

  it('gives each bundler the host that matches the platform', () => {
    // Wrangler sets `browser`, too, and other bundlers may.
    const conditions = ['workerd', 'edge-light', 'browser', 'deno', 'bun', 'node'];
    const found = (name: string, asked: readonly string[]): string => {
      const files = Object.entries(manifest.imports[name]);
      return pathsIn(files.find(([condition]) => [...asked, 'default'].includes(condition))?.[1])[0];
    };
    for (let bits = 0; bits < 2 ** conditions.length; bits++) {
      const asked = conditions.filter((_, index) => bits & (1 << index));
      const [platform, host] = ['#platform', '#host'].map((name) => found(name, asked));
      assert.equal(host.includes('/page'), platform.includes('/browser'), `${asked}: ${platform} with ${host}`);
    }
  });

  it('contains every file that these files import', () => {
    for (const path of packed.filter((path) => /\.c?js$/.test(path))) {
      const content = readFileSync(join(ROOT, path), 'utf8');
      for (const { fileName } of ts.preProcessFile(content, true, true).importedFiles) {
        if (fileName.startsWith('.')) assert.ok(packed.includes(posix.join(dirname(path), fileName)), fileName);
        else assert.match(fileName, /^(node:[a-z_0-9]+|#grpc|#host|#main|#platform|#printer)$/, path);
      }
    }
  });

  it('contains a printer without imports, since pages load it on demand', () => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, 'dist/host/printer.js'), 'utf8'), true, true);
    assert.deepEqual(importedFiles, []);
  });

  it('contains nothing but build output and documents', () => {
    const others = packed.filter((path) => !/^(dist\/|(package\.json|README\.md|LICENSE)$)/.test(path));
    assert.deepEqual(others, []);
  });
});

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  // A condition that is excluded with `null`.
  if (value === null) return [];
  return Object.values(value as object).flatMap(pathsIn);
}
