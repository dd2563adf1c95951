import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startCollector } from '../oracle/collector.ts';
import { type Bundle, type Bundler, loadedAtOnce, type Target, textOf } from './bundle.ts';
import { esbuild } from './esbuild.ts';
import { staged } from './staged.ts';
import { webpack } from './webpack.ts';

/** What a bundle for a target must contain. */
interface Expected {
  /** The allowed files of `platform/`: that of the target, and those that it shares with others. */
  readonly platform: RegExp;
  readonly host: 'page' | 'server';
  readonly language: 'webjs' | 'nodejs';
  readonly holdsAcrossAwait: boolean;
}

const PAGE: Expected = { platform: /browser/, host: 'page', language: 'webjs', holdsAcrossAwait: false };
const SERVER: Expected = { platform: /default/, host: 'server', language: 'nodejs', holdsAcrossAwait: true };

const EXPECTED: Readonly<Record<Target, Expected>> = {
  page: PAGE,
  worker: PAGE,
  workerd: { ...SERVER, platform: /workerd/ },
  'edge-light': SERVER,
  node: { ...SERVER, platform: /node/ },
  'node-cjs': { ...SERVER, platform: /node/ },
};
const TARGETS = Object.keys(EXPECTED) as Target[];

/** Names that only Node has: a `node:` import, a global, or `require`. */
const NODE = /\bnode:|\bprocess\??\.|\bBuffer\b|(?<![\w$.])require\(/;

/** Words that survive minification and reveal code that the smallest setup does not use. */
const UNUSED: Readonly<Record<string, RegExp>> = {
  helpers: /llm\.request|stt\.|pipeline\.|element\./,
  'the JSON encoding': /application\/json/,
  'the printer': /\\u2514|└/,
  'environment variables': /OTEL_BSP/,
  propagation: /traceparent|x-b3/,
  gRPC: /application\/grpc/,
  'traces of requests': /http\.request\.method/,
  'the end of a page': /pagehide/,
  initialize: /already initialized/,
};

/** Returns the path of a program, which is in the project where the packed package is installed. */
function program(name: string): string {
  const folder = process.env.PROGRAMS_FOLDER;
  if (folder === undefined) throw new Error('npm run test:bundlers packs the package for these tests, and runs them');
  return join(folder, name);
}

/** Describes all tests of a bundler, for each target. */
export function describeBundler(bundler: Bundler): void {
  const { name } = bundler;
  const bundles = new Map<string, Promise<Bundle>>();
  const bundled = (file: string, target: Target, isMinified = true): Promise<Bundle> => {
    const key = `${file} ${target}`;
    const found = bundles.get(key) ?? bundler.bundle({ program: program(file), target, isMinified });
    bundles.set(key, found);
    return found;
  };

  for (const target of TARGETS) {
    const { platform, host, language, holdsAcrossAwait } = EXPECTED[target];
    const isNode = target === 'node' || target === 'node-cjs';
    const isPage = host === 'page';

    describe(`${name}, for ${target}`, () => {
      for (const [file, isMinified] of [
        ['send.mjs', true],
        ['initialize.mjs', true],
        ['require.cjs', false],
      ] as const) {
        test(`contains the files for the target and no others, without a warning (${file})`, async () => {
          const { modules, warnings, files } = await bundled(file, target, isMinified);
          assert.deepEqual(warnings, []);
          const text = textOf({ files });
          assert.ok(!text.includes('sourceMappingURL'), 'there is a source map');
          if (isPage) assert.equal(NODE.exec(text)?.[0], undefined);
          // gRPC is in a separate file, which only some programs may load. webpack keeps what an unused function loads.
          const hasGrpc = isNode && (file !== 'send.mjs' || bundler === webpack);
          assert.equal(modules.includes('grpc.js'), hasGrpc);
          assert.ok(modules.includes('index.js'), modules.join());
          const others = modules.filter((module) => /^(node|platform|host\/(page|server))\b/.test(module));
          assert.deepEqual(
            others.filter((module) => !platform.test(module) && module !== `host/${host}.js`),
            [],
          );
          assert.equal(modules.includes(`host/${host}.js`), file !== 'send.mjs');
          // esbuild does not report support for ES modules if it is told which conditions to set.
          const hasTwoCopies = file === 'require.cjs' && bundler === esbuild && target === 'edge-light';
          assert.equal(modules.includes('core.cjs'), hasTwoCopies);
        });

        test(`runs on the target (${file})`, async (t) => {
          const { url, endpoint, spans } = await started(t);
          const bundle = await bundled(file, target, isMinified);
          const { result } = await staged(bundle, target, file === 'send.mjs' ? endpoint : url);
          assert.equal(result.acknowledged, spans().length);
          assert.deepEqual(
            spans().map((span) => span.name),
            {
              'send.mjs': ['sent'],
              'initialize.mjs': ['llm.request', 'turn'],
              'require.cjs': ['imported', 'handed on', 'required'],
            }[file],
          );
          assert.equal(spans()[0].resource.attributes['telemetry.sdk.language'], language);
          if (file === 'initialize.mjs') {
            assert.equal(result.holdsAcrossAwait, holdsAcrossAwait);
            assert.equal(spans()[0].parentSpanId, spans()[1].spanId);
          }
        });
      }

      test('loads the printer and gRPC only on demand', async () => {
        const bundle = await bundled('initialize.mjs', target);
        const atOnce = loadedAtOnce(bundle).map((file) => bundle.files.get(file) ?? '');
        // A classic worker is one file.
        const isOneFile = bundler === esbuild && target === 'worker';
        assert.equal(
          atOnce.some((code) => UNUSED['the printer'].test(code)),
          !isPage || isOneFile,
        );
        // esbuild makes one file unless it is told to split.
        assert.equal(
          atOnce.some((code) => UNUSED.gRPC.test(code)),
          isNode && bundler === esbuild,
        );
        const { output } = await staged(bundle, target, '');
        assert.match(output, /^trace [0-9a-f]{32} .*\n +0 .*\n *turn .*\n *└─ llm\.request /);
      });
    });
  }

  describe(name, () => {
    for (const target of TARGETS) {
      test(`leaves out what the smallest setup does not use, for ${target}`, async () => {
        const bundle = await bundled('send.mjs', target);
        const atOnce = loadedAtOnce(bundle)
          .map((file) => bundle.files.get(file))
          .join('\n');
        assert.ok(/application\/x-protobuf/.test(atOnce), 'it sends nothing');
        for (const [what, words] of Object.entries(UNUSED)) assert.ok(!words.test(atOnce), what);
      });
    }

    for (const target of ['page', 'node'] as const) {
      test(`keeps nothing of unused imports, for ${target}`, async () => {
        assert.ok(entryOf(await bundled('unused.mjs', target)).length < 150, 'the package left something');
      });

      test(`adds little code to constants, for ${target}`, async () => {
        const code = entryOf(await bundled('constant.mjs', target));
        assert.match(code, /llm\.model/);
        // webpack keeps all imports of the gRPC file, though nothing loads it; esbuild keeps the file's name.
        const bounds: Partial<Record<string, number>> = { [esbuild.name]: 800, [webpack.name]: 50_000 };
        const bound = (target === 'node' && bounds[name]) || 600;
        assert.ok(code.length < bound, `${code.length} bytes`);
      });
    }

    after(async () => {
      const rows = ['send.mjs', 'initialize.mjs', 'constant.mjs'].map(async (file) => {
        const [own, reference] = await Promise.all([
          bundled(file, 'page'),
          esbuild.bundle({ program: program(file), target: 'page', isMinified: true }),
        ]);
        return `${file.padEnd(16)} ${sizeOf(own).padEnd(40)} esbuild: ${sizeOf(reference)}`;
      });
      console.log(`${name}, for pages, loaded at once:\n${(await Promise.all(rows)).join('\n')}`);
    });

    test('makes bundles for pages that are about as small as those of esbuild', async () => {
      for (const file of ['send.mjs', 'initialize.mjs']) {
        const reference = await esbuild.bundle({ program: program(file), target: 'page', isMinified: true });
        const [own, others] = [gzippedAtOnce(await bundled(file, 'page')), gzippedAtOnce(reference)];
        assert.ok(own < 1.2 * others, `${file}: ${own} bytes, esbuild makes ${others} of it`);
      }
    });
  });
}

async function started(t: TestContext) {
  const collector = await startCollector();
  t.after(() => collector.close());
  return collector;
}

function entryOf({ entry, files }: Bundle): string {
  return files.get(entry) ?? '';
}

function gzippedAtOnce(bundle: Bundle): number {
  return loadedAtOnce(bundle).reduce((sum, file) => sum + gzipSync(bundle.files.get(file) ?? '').length, 0);
}

function sizeOf(bundle: Bundle): string {
  const bytes = loadedAtOnce(bundle).reduce((sum, file) => sum + Buffer.byteLength(bundle.files.get(file) ?? ''), 0);
  return `${bytes.toLocaleString('en')} bytes, ${gzippedAtOnce(bundle).toLocaleString('en')} gzipped`;
}
