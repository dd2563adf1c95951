import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../test/docs/build.ts';
import { bundleSize } from './bundle-size.ts';
import { footprintOf } from './footprint.ts';
import { OWN_BUNDLE } from './own-bundle.ts';
import { withPackedProject } from './packed.ts';
import { OPENTELEMETRY_BUNDLES } from './peer-bundles.ts';

/** An entry of `budgets.json`. `required` and `goal`, if present, come from the issue that set them. */
interface Budget {
  readonly budget: number;
  readonly required?: number;
  readonly goal?: number;
}

const NAME = '@realtime-ai/trace';
const root = fileURLToPath(new URL('..', import.meta.url));
const budgets = JSON.parse(readFileSync(new URL('budgets.json', import.meta.url), 'utf8')) as Record<string, Budget>;

/** The bundles with a promised size, as users would write them. HELPERS stands for the names of all helpers. */
const BUNDLES: Record<string, string> = {
  'provider, batching, OTLP over HTTP': OWN_BUNDLE,
  'initialize, all helpers, propagation': `
    import { HELPERS, extract, initialize, inject, shutdown } from '${NAME}';
    initialize({ exporterType: 'otlp', otlpEndpoint: 'https://collector.example' });
    globalThis.tracing = { HELPERS, extract, inject, shutdown };
  `,
};

const failed: string[] = [];
const rows = [['what', 'bytes', 'budget', 'required', 'goal']];

ensureBuilt(new URL('../', import.meta.url));
await withPackedProject(async ({ folder, packageFolder, pack }) => {
  const { exports, dependencies = {} } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    exports: Record<string, { import?: Record<string, string | null> } | undefined>;
    dependencies?: Record<string, string>;
  };
  const modules = (await import(join(packageFolder, 'dist/index.js'))) as Record<string, unknown>;
  const helpers = Object.keys(modules).filter((name) =>
    /^instrument|Attrs$|^(withSpan|startSpan|recordError)$/.test(name),
  );
  const programs = Object.entries(BUNDLES).map(([what, program]) => [
    what,
    program.replaceAll('HELPERS', helpers.join(', ')),
  ]);

  for (const [what, program] of programs) check(what, (await bundleSize(program, folder)).gzipBytes);
  for (const entry of Object.keys(exports)) {
    if (entry.endsWith('.json')) continue;
    const path = `${NAME}${entry.slice(1)}`;
    const names = publicNames(join(packageFolder, 'dist', `${entry.slice(2) || 'index'}.d.cts`));
    const whole = `import { ${names} } from '${path}'; globalThis.all = { ${names} };`;
    // For an entry point that pages cannot use, measure what it adds to the main one on servers.
    const isForServers = exports[entry]?.import?.browser === null;
    const beside = isForServers ? { platform: 'node' as const, external: ['#main'] } : undefined;
    const what = `entry point ${path}, ${beside ? 'on top of the main one' : 'complete'}`;
    check(what, (await bundleSize(whole, folder, beside)).gzipBytes);
  }
  check('unpacked', pack.unpackedSize);
  check('packages installed', 1 + Object.keys(dependencies).length);
  table(rows);

  console.log('\nOpenTelemetry: its equivalent of the first bundle, and its installed size');
  const peers = [['SDK', 'bytes', 'installed bytes', 'packages']];
  for (const { name, folder: installed, program } of OPENTELEMETRY_BUNDLES) {
    const { gzipBytes } = await bundleSize(program, installed);
    const { bytes, packages } = footprintOf(installed);
    peers.push([name, ...[gzipBytes, bytes, packages].map((each) => each.toLocaleString('en'))]);
  }
  table(peers);

  for (const [what, program] of programs) {
    console.log(`\n${what}: what each module contributes, in minified bytes`);
    table(await contributions(program));
  }
});

for (const what of Object.keys(budgets)) {
  if (!rows.some(([name]) => name === what)) failed.push(`${what}: there is a budget but no measurement`);
}
if (failed.length > 0) {
  console.error(`\n${failed.join('\n')}`);
  process.exitCode = 1;
}

function check(what: string, bytes: number): void {
  const found = budgets[what];
  if (found === undefined) failed.push(`${what}: ${bytes}, but there is no budget in bench/budgets.json`);
  else if (bytes > found.budget) failed.push(`${what}: ${bytes}, over its budget of ${found.budget}`);
  rows.push([
    what,
    ...[bytes, found?.budget, found?.required, found?.goal].map((each) => each?.toLocaleString('en') ?? '–'),
  ]);
}

/** Returns the names in the declarations, which excludes those that only files of the package share with each other. */
function publicNames(declarations: string): string {
  const [, list = ''] = /export \{([^}]*)\};?\s*$/.exec(readFileSync(declarations, 'utf8')) ?? [];
  const names = list.split(',').filter((name) => !name.includes('type '));
  if (names.length === 0) throw new Error(`${declarations} exports nothing`);
  return names.join();
}

/**
 * Bundles the sources instead of the package, which has them in a few files, to size each module. Names are shortened
 * across modules, so the sum differs a little from the real bundle.
 */
async function contributions(program: string): Promise<string[][]> {
  const { metafile, minifiedBytes } = await bundleSize(program, root, {
    alias: {
      [NAME]: join(root, 'src/index.ts'),
      '#host': join(root, 'src/host/page.ts'),
      '#platform': join(root, 'src/platform/browser.ts'),
    },
    external: ['#printer'],
    // The repository's own tsconfig maps names to the files for Node.
    tsconfigRaw: {},
  });
  const [first] = Object.entries(metafile.outputs).filter(([path]) => path.endsWith('stdin.js'));
  const parts = Object.entries(first[1].inputs)
    .map(([path, { bytesInOutput }]): [string, number] => [path, bytesInOutput])
    .filter(([path, bytes]) => bytes > 0 && path !== '<stdin>')
    .sort(([, a], [, b]) => b - a);
  const shown = parts.map(([path, bytes]) => [path, String(bytes), `${((100 * bytes) / minifiedBytes).toFixed(1)} %`]);
  return [['module', 'bytes', 'share'], ...shown, ['total', String(minifiedBytes), '']];
}

function table(lines: readonly string[][]): void {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const shown = lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
  console.log(shown.join('\n'));
}
