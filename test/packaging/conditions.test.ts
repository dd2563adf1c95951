import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exports as resolveExports, imports as resolveImports } from 'resolve.exports';
import { ROOT } from './distribution.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { name: string };

/** Returns the file below `dist/` to which a name resolves; `undefined` if there is none. */
function fileOf(name: string, conditions: readonly string[]): string | undefined {
  const resolve = name.startsWith('#') ? resolveImports : resolveExports;
  const [path] = resolve(manifest, name, { unsafe: true, conditions: [...conditions, 'default'] }) ?? [];
  return path?.replace('./dist/', '');
}

// The conditions that each tool sets, by its documentation or source. On Node, `require` includes platform and host.
const TOOLS: readonly [tool: string, conditions: string, entry: string, platform: string, host: string][] = [
  ['Node, import', 'node import module-sync node-addons', 'node/index.js', '', ''],
  ['Node, require', 'node require module-sync node-addons', 'node/index.cjs', '', ''],
  ['tsx, Vitest and Jest without a page', 'node import', 'node/index.js', '', ''],
  ['Deno, import', 'deno node import module-sync', 'index.js', 'deno.js', 'server.js'],
  ['Deno, require', 'node require module-sync', 'node/index.cjs', '', ''],
  ['Bun, import', 'bun node import', 'bun/index.js', 'bun.js', ''],
  ['Bun, require', 'bun node require', 'index.cjs', 'bun.js', ''],
  ['Bun, bundle', 'node bun import development node-addons', 'bun/index.js', 'bun.js', ''],
  ['Bun, bundle for pages', 'browser module import development', 'index.js', 'browser.js', 'page.js'],
  ['esbuild, page', 'browser module import', 'index.js', 'browser.js', 'page.js'],
  ['esbuild, page, require', 'browser module require', 'required.js', 'browser.js', 'page.js'],
  ['esbuild, Node', 'node module import', 'index.js', 'node.js', 'server.js'],
  ['esbuild, Node, require', 'node module require', 'required.js', 'node.js', 'server.js'],
  ['esbuild, Node, with conditions of one’s own', 'node import production', 'node/index.js', '', ''],
  ['esbuild, neutral', 'import', 'index.js', 'default.js', 'server.js'],
  ['Rollup, as it comes', 'module import production', 'index.js', 'default.js', 'server.js'],
  ['Rollup, Parcel, Vite, page', 'module browser import production', 'index.js', 'browser.js', 'page.js'],
  ['Vite, server', 'module node import production', 'index.js', 'node.js', 'server.js'],
  ['webpack, page', 'webpack production browser module import', 'index.js', 'browser.js', 'page.js'],
  ['webpack, worker', 'webpack production worker browser module import', 'index.js', 'browser.js', 'page.js'],
  ['webpack, page, require', 'webpack production browser module require', 'required.js', 'browser.js', 'page.js'],
  ['Wrangler', 'workerd worker browser import', 'index.js', 'workerd.js', 'server.js'],
  ['Wrangler, require', 'workerd worker browser require', 'required.js', 'workerd.js', 'server.js'],
  ['Vite for Workers', 'workerd worker module browser production import', 'index.js', 'workerd.js', 'server.js'],
  ['Next, edge', 'edge-light worker webpack module import', 'index.js', 'default.js', 'server.js'],
  ['Next, edge, with a page’s', 'edge-light worker browser module import', 'index.js', 'default.js', 'server.js'],
  ['Next, server components', 'react-server node module import', 'index.js', 'node.js', 'server.js'],
  ['Jest, jsdom', 'browser require', 'index.cjs', 'browser.cjs', ''],
  ['Jest, edge-runtime', 'edge edge-light require', 'index.cjs', 'default.cjs', ''],
  ['Metro, React Native', 'react-native require', 'index.cjs', 'default.cjs', ''],
  ['Metro, React Native, import', 'react-native import', 'index.js', 'default.js', 'server.js'],
  ['Fastly', 'fastly import', 'index.js', 'default.js', 'server.js'],
];

describe('the conditions of', () => {
  for (const [tool, asked, entry, platform, host] of TOOLS) {
    it(`${tool} (${asked}) resolve to the files for it`, () => {
      const conditions = asked.split(' ');
      assert.equal(fileOf(manifest.name, conditions), entry);
      if (platform === '') return;
      // Required files require other files, but an ES module that is required imports them.
      const inner = entry === 'required.js' ? asked.replace('require', 'import').split(' ') : conditions;
      assert.equal(fileOf('#platform', inner), `platform/${platform}`);
      if (host !== '') assert.equal(fileOf('#host', inner), `host/${host}`);
    });
  }
});
