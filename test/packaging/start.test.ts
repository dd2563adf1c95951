import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildIfMissing, ROOT } from './distribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'start-'));

/** Returns what a program prints. It runs from a file, because `--eval` loads more modules. */
function run(name: string, code: string) {
  const file = join(folder, name);
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', env: {} });
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

const program = (otlpProtocol: string) => `
  const { initialize, startSpan } = trace;
  const before = new Set(process.moduleLoadList);
  initialize({ exporterType: 'otlp', otlpProtocol: '${otlpProtocol}' });
  startSpan('first').end();
  const loaded = process.moduleLoadList.filter((name) => !before.has(name)).join();
  console.log(loaded);
  process.exit();`;

describe('the start of the package on Node', () => {
  before(buildIfMissing);
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, importing] of [
    ['start.mjs', `import * as trace from '${pathToFileURL(ROOT)}dist/node/index.js';`],
    ['start-bundled.mjs', `import * as trace from '${pathToFileURL(ROOT)}dist/index.js';`],
    ['start.cjs', `const trace = require('${ROOT}dist/node/index.cjs');`],
  ]) {
    for (const [protocol, target] of [
      ['http/protobuf', 'http://localhost:4318/v1/traces'],
      ['grpc', 'http://localhost:4317, over gRPC'],
    ]) {
      it(`loads neither streams nor cryptography nor HTTP up to the end of the first span (${name}, ${protocol})`, () => {
        const { stdout, stderr } = run(name, importing + program(protocol));
        const [banner, atTheEnd] = stderr.split('\n');
        assert.equal(banner, `[trace] realtime-ai: exporting spans to ${target}`);
        assert.match(atTheEnd, /^\[trace\] spans_unsent: 1 span: /);
        assert.equal(stdout, '\n');
      });
    }
  }
});
