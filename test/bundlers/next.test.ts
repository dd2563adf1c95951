import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TraceStats } from '../../src/trace.ts';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const command = join(here, 'node_modules/next/dist/bin/next');
// Next reads nothing outside of one folder, and compiles nothing below node_modules/.
const scratch = join(here, 'dist');
const VARIABLES = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };

/** Warnings that Next prints for any application. */
const USUAL = /Edge Runtime is deprecated|No build cache found|edge runtime on a page currently disables static/;

for (const bundler of ['turbopack', 'webpack']) {
  describe(`Next with ${bundler}`, () => {
    const folder = join(scratch, bundler);
    after(() => rmSync(folder, { recursive: true, force: true }));

    it('builds an application without a warning', async () => {
      rmSync(folder, { recursive: true, force: true });
      cpSync(join(here, 'next'), folder, { recursive: true });
      cpSync(join(process.env.PROGRAMS_FOLDER ?? '', 'node_modules'), join(folder, 'node_modules'), {
        recursive: true,
      });
      const { code, stdout, stderr } = await run(
        process.execPath,
        [command, 'build', `--${bundler}`],
        folder,
        VARIABLES,
      );
      assert.equal(code, 0, stdout + stderr);
      const warnings = (stdout + stderr).split('\n').filter((line) => /⚠|warn|not supported/i.test(line));
      assert.deepEqual(
        warnings.filter((line) => !USUAL.test(line)),
        [],
      );
    });

    it('gives pages the file for pages, and loads the printer on demand', () => {
      const files = filesBelow(join(folder, '.next/static')).filter((path) => path.endsWith('.js'));
      const ours = files.filter((path) => read(path).includes('@realtime-ai/trace process state'));
      assert.equal(ours.length, 1);
      const code = read(ours[0]);
      assert.ok(code.includes('webjs'), 'it is the file for pages');
      assert.ok(!/\bnode:|OTEL_BSP/.test(code), 'something of another file is in it');
      const printers = files.filter((path) => /\\u2514|└/.test(read(path)));
      assert.equal(printers.length, 1);
      assert.notEqual(printers[0], ours[0]);
    });

    it('runs functions on the edge and on Node, each with the file for it', async (t) => {
      const collector = await startCollector();
      t.after(() => collector.close());
      const child = spawn(process.execPath, [command, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
        cwd: folder,
        env: { ...process.env, ...VARIABLES, TRACE_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.after(async () => {
        child.kill();
        await once(child, 'exit');
      });
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      for await (const text of child.stdout) {
        said += text;
        if (said.includes('Ready in')) break;
      }
      const [url] = /http:\/\/127[\w.:]+/.exec(said) ?? assert.fail(said);
      for (const [path, runtimeName] of [
        ['edge', undefined],
        ['node', 'nodejs'],
      ]) {
        const response = await fetch(`${url}/api/${path}`);
        assert.equal(response.status, 200, said);
        const { acknowledged, holdsAcrossAwait } = (await response.json()) as TraceStats & {
          holdsAcrossAwait: boolean;
        };
        assert.deepEqual([acknowledged, holdsAcrossAwait], [1, true]);
        const { name, resource } = collector.spans()[collector.spans().length - 1];
        assert.deepEqual([name, resource.attributes['process.runtime.name']], [`next-${path}`, runtimeName]);
      }
    });
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}
