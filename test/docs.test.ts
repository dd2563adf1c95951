import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readResults } from '../bench/results.ts';
import { withSummary } from '../bench/summary.ts';
import { textOfPicture } from '../build/picture.ts';
import { withSettings } from '../build/settings-table.ts';
import { resolveConfig } from '../src/config.ts';
import { ensureBuilt } from './docs/build.ts';
import { type Row, readDocument } from './docs/markdown.ts';
import { compile, isLike, programsOf, run, withoutShares } from './docs/program.ts';
import { diagnosticsIn, stringConstantsOf, variableNamesIn } from './docs/source-facts.ts';
import { startCollector } from './oracle/collector.ts';
import { startGrpcCollector } from './oracle/grpc-collector.ts';
import { startProxy } from './oracle/proxy.ts';

const ROOT = new URL('../', import.meta.url);
const ROOT_PATH = fileURLToPath(ROOT);
const GUIDES = ['README.md', ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`)];
const documents = [...GUIDES, 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/tracing-demo/README.md'].map((path) =>
  readDocument(ROOT, path),
);
const [readme] = documents;
const guide = documents[GUIDES.indexOf('docs/tracing.md')];
const blocks = documents.flatMap((document) => document.blocks);
const programs = documents
  .filter(({ path }) => GUIDES.includes(path))
  .flatMap((document) => programsOf(document.blocks));

// Every block that is not run, and why. Nothing else checks these.
const NOT_RUN = [
  'README.md: needs a collector to talk to and your application',
  'README.md: needs docker',
  'docs/backends.md: needs docker',
  'docs/backends.md: needs certificates',
  'docs/backends.md: needs an account',
  'docs/backends.md: needs an account',
  'docs/backends.md: needs an account',
  'docs/backends.md: needs an account',
  'docs/backends.md: needs an account',
  'docs/tracing.md: your application',
  'docs/tracing.md: needs certificates',
  'docs/websockets.md: needs Bun',
  'CONTRIBUTING.md: waits for a request',
  'examples/tracing-demo/README.md: needs a speech synthesiser',
];

// The address of the reader's collector. In blocks that name it, the test replaces it with its own collector.
const READERS_COLLECTOR = /http:\/\/collector:4318/g;
// The same for gRPC.
const READERS_GRPC_COLLECTOR = /\bcollector:4317/;
const READERS_PROXY = 'http://proxy:3128';

describe('the documentation', () => {
  let folder: string;
  let compiled: ReturnType<typeof compile>;

  before(() => {
    ensureBuilt(ROOT);
    // Inside the repository, '@realtime-ai/trace' resolves to the package itself, through its `exports`.
    folder = mkdtempSync(join(ROOT_PATH, '.docs-'));
    compiled = compile(programs, folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has blocks that compile', () => {
    assert.deepEqual(compiled.problems, []);
  });

  describe('has blocks that run', { concurrency: 4 }, () => {
    for (const [index, { name, code, notRun, output }] of programs.entries()) {
      it(name, { skip: notRun || false, timeout: 20_000 }, async () => {
        const collector = await startCollector();
        const grpc = await startGrpcCollector();
        const proxy = await startProxy();
        try {
          const file = compiled.files[index];
          const source = readFileSync(file, 'utf8').replace(READERS_COLLECTOR, collector.url);
          writeFileSync(
            file,
            source.replace(READERS_PROXY, proxy.url).replace(READERS_GRPC_COLLECTOR, `127.0.0.1:${grpc.port}`),
          );
          const finished = await run(process.execPath, [file], folder, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
          assert.equal(finished.code, 0, finished.stderr);
          // A block that causes diagnostics shows something wrong.
          const complaints = finished.stderr
            .split('\n')
            .filter((line) => /^\[trace\] (?!.*: exporting spans to )/.test(line));
          assert.deepEqual(complaints, []);
          if (output !== undefined) assertPrinted(output, finished.stdout);
          const arrived = READERS_GRPC_COLLECTOR.test(code) ? grpc.spans() : collector.spans();
          if (/'otlp'|new Otlp\w+Exporter/.test(code)) assert.notEqual(arrived.length, 0, 'no span arrived');
          if (code.includes(READERS_PROXY)) assert.equal(proxy.tunnels.length, 1, 'nothing went through the proxy');
        } finally {
          await collector.close();
          grpc.close();
          await proxy.close();
        }
      });
    }
  });

  it('shows what the demo prints', async () => {
    const [block] = blocks.filter(({ marker }) => marker === 'output of: npm run demo');
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', 'tsx', 'examples/tracing-demo/main.ts'],
      ROOT_PATH,
    );
    assertPrinted(block.code, stdout + stderr);
    // The picture shows some of these traces.
    const picture = textOfPicture(readFileSync(new URL('docs/demo.svg', ROOT), 'utf8'));
    assert.match(picture, /^trace [0-9a-f]{32} /);
    assertPrinted(picture.replace(/\n(?=trace )/g, '\n…\n'), stdout);
  });

  it('has commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { scripts: object };
    for (const { document, line, language, code, marker } of blocks) {
      if (language !== 'sh' || marker.startsWith('not run: ')) continue;
      for (const command of code.split(/\n|&&/).map((text) => text.replace(/#.*/, '').trim())) {
        // Remove environment variables in front of the command.
        const [program, name, ...args] = command.replace(/^([A-Z_]+=\S+ +)*/, '').split(/ +/);
        const where = `${document}:${line}: ${command}`;
        if (program === 'npm') assert.ok(name === 'ci' || (name === 'run' ? args[0] : name) in scripts, where);
        else if (program === 'npx') assert.ok(existsSync(new URL(`node_modules/.bin/${name}`, ROOT)), where);
        else assert.equal(program, '', `${where} is neither npm nor npx: is it to be checked?`);
        for (const path of args.filter((arg) => /\.\w+$/.test(arg) && !arg.includes('*'))) {
          assert.ok(existsSync(new URL(path, ROOT)), `${where}: there is no ${path}`);
        }
      }
    }
  });

  it('has no npm script that nothing runs', async () => {
    const ci = readFileSync(new URL('.ci/run', ROOT), 'utf8');
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const runs = new Set([...ci.matchAll(/^step npm (?:run )?([\w:]+)/gm)].map(([, name]) => name));
    // Scripts that these scripts call are run, too.
    for (const name of runs) {
      for (const [, other] of (scripts[name] ?? '').matchAll(/npm run ([\w:]+)/g)) runs.add(other);
    }
    const texts = documents.flatMap(({ prose, blocks }) => [prose, ...blocks.map(({ code }) => code)]);
    const named = texts.flatMap((text) => [...text.matchAll(/npm (?:run )?(?:--silent )?([a-z:]+)/g)]);
    const others = new Set(named.map(([, name]) => name).filter((name) => name in scripts && !runs.has(name)));
    assert.deepEqual([...others].sort(), ['decode', 'picture']);
    const [request, picture] = ['request.json', 'demo.svg'].map((name) => join(folder, name));
    writeFileSync(request, '{"resourceSpans":[]}');
    const decoded = await run('npm', ['run', '--silent', 'decode', '--', request], ROOT_PATH);
    assert.deepEqual([decoded.code, decoded.stdout], [0, '# JSON, 0 spans\n[]\n'], decoded.stderr);
    const drawn = await run('npm', ['run', 'picture', '--', picture], ROOT_PATH);
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.match(textOfPicture(readFileSync(picture, 'utf8')), /^trace [0-9a-f]{32} /);
  });

  it('has valid settings for backends', () => {
    const shown = blocks.filter(({ language, marker }) => language === 'sh' && marker === 'not run: needs an account');
    assert.ok(shown.length > 1);
    for (const { code } of shown) {
      const lines = [...code.matchAll(/^export ([A-Z_]+)="?([^"\s]*)"?/gm)].map(([, name, value]) => [name, value]);
      withEnvironment(Object.fromEntries(lines), () => {
        const { exporterType, otlp, warnings } = resolveConfig({});
        assert.deepEqual([exporterType, warnings], ['otlp', []]);
        assert.match(String(otlp.url), /^https:\/\/[\w./-]+\/v1\/traces$/);
        assert.equal(Object.keys(otlp.headers ?? {}).length, 1);
      });
    }
  });

  it('shows files as they are', () => {
    const shown = blocks.filter(({ marker }) => marker.startsWith('file: '));
    assert.ok(shown.length > 0);
    for (const { marker, code } of shown) {
      assert.equal(`${code}\n`, readFileSync(new URL(marker.slice('file: '.length), ROOT), 'utf8'));
    }
  });

  it('has no exceptions other than these', () => {
    const exceptions = blocks
      .filter(({ marker }) => marker.startsWith('not run: '))
      .map(({ document, marker }) => `${document}: ${marker.slice('not run: '.length)}`);
    assert.deepEqual(exceptions, NOT_RUN);
  });

  it('has no broken links', () => {
    for (const { path, links } of documents) {
      for (const link of links.filter((target) => !target.includes('://'))) {
        const [file, anchor] = link.split('#');
        const target = file === '' ? new URL(path, ROOT) : new URL(file, new URL(path, ROOT));
        assert.ok(existsSync(target), `${path}: ${link}`);
        if (anchor === undefined) continue;
        const { anchors } = readDocument(ROOT, target.href.slice(ROOT.href.length));
        assert.ok(anchors.includes(anchor), `${path}: ${link}`);
      }
    }
  });

  it('has up-to-date tables of settings from `npm run settings`', () => {
    const text = readFileSync(new URL('README.md', ROOT), 'utf8');
    assert.equal(text, withSettings(ROOT, text));
  });

  it('has up-to-date figures from `npm run bench:report`', () => {
    const text = readFileSync(new URL('README.md', ROOT), 'utf8');
    const { node20 } = readResults();
    assert.equal(text, withSummary(text, node20));
  });

  it('has exactly the source files in the tables and drawings of the design', () => {
    const design = readFileSync(new URL('docs/design.md', ROOT), 'utf8');
    const files = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path.includes('/'))
      .sort();
    const rows = [...design.matchAll(/^\| (`.*?\.ts`) +\|/gm)].flatMap(([, cell]) => cell.split(', ').map(plain));
    const named = rows.filter((path) => path.includes('/')).sort();
    assert.deepEqual(named, files);
    for (const [path] of design.matchAll(
      /\b(?:core|export|grpc|host|instrument|platform|propagation|realtime)\/[\w/-]+\.ts\b/g,
    )) {
      assert.ok(files.includes(path) || /^export\/faults\//.test(path), path);
    }
  });

  it('names every environment variable that is read, and no other', () => {
    const read = new Set([...variablesRead({}), ...variablesRead({ OTEL_TRACES_SAMPLER: 'traceidratio' })]);
    for (const name of variableNamesIn(new URL('src/host/server.ts', ROOT))) {
      assert.ok(read.has(name), `${name} is in the source and was not read: this test does not reach it`);
    }
    const tables = readme.tables.flat().map((row) => row.Environment ?? '');
    const named = tables.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+[A-Z])`/g)].map(([, name]) => name));
    assert.deepEqual([...new Set(named)].sort(), [...read].sort());

    const everywhere = GUIDES.map((path) => readFileSync(new URL(path, ROOT), 'utf8')).join('\n');
    for (const [name] of everywhere.matchAll(/\bOTEL_[A-Z_]*[A-Z]\b/g))
      assert.ok(read.has(name), `${name} is not read`);
  });

  it('says correctly where spans go for an endpoint', () => {
    const rows = guide.tables.flat().filter((row) => 'Spans go to' in row);
    assert.ok(rows.length > 3);
    for (const row of rows) {
      const [given, target] = Object.values(row).map(plain);
      withEnvironment({}, () => {
        const { otlp, _exporter } = resolveConfig({ exporterType: 'otlp', otlpEndpoint: given });
        assert.equal(`${otlp.url}${_exporter === undefined ? '' : ', over gRPC'}`, target);
      });
    }
  });

  it('names every diagnostic, with its level', () => {
    const documented = [...rowsBy(guide.tables.flat(), 'Code')].map(([code, row]) => `${code}: ${row.Level}`);
    const reported = [...diagnosticsIn(new URL('src/', ROOT))].map(([code, level]) => `${code}: ${level}`);
    assert.deepEqual(documented, reported.sort());
  });

  it('names every attribute key', () => {
    const documented = [...rowsBy(guide.tables.flat(), 'Constant')].map(([name, row]) => [name, plain(row.Key)]);
    assert.deepEqual(documented.sort(), [...stringConstantsOf(new URL('src/realtime/names.ts', ROOT))].sort());
  });

  it('names every reason for dropped spans', () => {
    const source = readFileSync(new URL('src/export/exporter.ts', ROOT), 'utf8');
    const [union] = /type DropReason =[^;]*;/.exec(source) ?? [''];
    const reasons = [...union.matchAll(/\| '(\w+)'/g)].map(([, reason]) => reason);
    assert.deepEqual([...rowsBy(guide.tables.flat(), 'Reason').keys()], reasons);
  });

  it('names every helper, with its arguments', () => {
    const documented = new Set([...readme.prose.matchAll(/`(instrument\w+)\(/g)].map(([, name]) => name));
    const helpers = readdirSync(new URL('src/realtime/', ROOT))
      .map((name) => readFileSync(new URL(`src/realtime/${name}`, ROOT), 'utf8'))
      .flatMap((source) => [...source.matchAll(/export const (instrument\w+)/g)].map(([, name]) => name));
    assert.deepEqual([...documented].sort(), helpers.sort());
  });
});

/**
 * Compares what a document shows with what was printed. A line `…` stands for any number of lines. Without one, only
 * empty lines may be missing.
 */
function assertPrinted(shown: string, printed: string): void {
  const lines = linesOf(printed);
  const isShortened = shown.split('\n').includes('…');
  let at = 0;
  for (const expected of linesOf(shown)) {
    if (expected === '…') continue;
    while (isShortened && at < lines.length && !isLike(expected, lines[at])) at++;
    assert.ok(
      at < lines.length && isLike(expected, lines[at]),
      `${expected}\nis not in, or not in this order:\n${printed}`,
    );
    at++;
  }
  if (!isShortened) assert.equal(at, lines.length, `more was printed than is shown:\n${printed}`);
}

/** Returns lines without random parts, and without the empty lines between traces, which documents omit. */
function linesOf(text: string): string[] {
  return withoutShares(text.split('\n')).filter((line) => line.trim() !== '');
}

/** Returns the rows of the tables that have a column with this title, by their cells in that column. */
function rowsBy(rows: readonly Row[], title: string): Map<string, Row> {
  return new Map(rows.filter((row) => title in row).map((row) => [plain(row[title]), row]));
}

function plain(cell: string): string {
  return cell.replaceAll('`', '');
}

/** Returns the environment variables that are read if only those of `settings` are set. */
function variablesRead(settings: Record<string, string>): Set<string> {
  const read = new Set<string>();
  const watched = new Proxy(settings, {
    get(target, name) {
      if (typeof name === 'string') read.add(name);
      return Reflect.get(target, name);
    },
  });
  withEnvironment(watched, () => {
    resolveConfig({});
    resolveConfig({ exporterType: 'otlp' });
  });
  return read;
}

function withEnvironment(environment: Record<string, string>, callback: () => void): void {
  const { env } = process;
  try {
    process.env = environment;
    callback();
  } finally {
    process.env = env;
  }
}
