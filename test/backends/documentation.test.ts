import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readDocument } from '../docs/markdown.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { createAuthority } from '../platform/authority.ts';
import { Application } from './application.ts';
import { programOf, skipWithout } from './backend.ts';
import { type Collector, startCollector } from './collector.ts';
import { type Addresses, PROTOCOLS, type SendingOptions } from './protocol.ts';
import { freePorts, type Server, startServer } from './server.ts';

const { blocks } = readDocument(new URL('../../', import.meta.url), 'docs/backends.md');
const configurations = new Map(
  blocks.filter(({ language }) => language === 'yaml').map(({ marker, code }) => [marker, code]),
);

const authority = createAuthority();
const server = authority.issue();
const client = authority.issue();
const TOKEN = 'the-token-of-the-guide';
const FILES = { 'collector.pem': server.cert, 'collector.key': server.key, 'authority.pem': authority.cert };

// What an application has to say, besides, to a Collector with these settings.
const SETTINGS: Record<string, SendingOptions> = {
  collector: {},
  'collector: certificates': { tls: { ca: authority.cert, ...client } },
  'collector: token': { headers: async () => ({ authorization: `Bearer ${TOKEN}` }) },
  'collector: sizes': {},
  'collector: pages': { headers: { origin: 'https://app.example', authorization: 'Bearer any' } },
};

describe('the configurations of the guide', { skip: skipWithout('collector') }, () => {
  test('are all tried', () => {
    assert.deepEqual([...configurations.keys()], Object.keys(SETTINGS));
  });

  for (const [name, sending] of Object.entries(SETTINGS)) {
    for (const protocol of PROTOCOLS) {
      test(`over ${protocol}: spans go through “${name}” to what is behind it`, async (t) => {
        const log = diagnosticLog(t);
        const behind = await startCollector();
        t.after(() => behind.remove());
        const shown = await startAsShown(t, name, behind);
        const application = new Application(protocol, { ...behind, ...shown }, sending);
        application.end(2_000, { text: 'x'.repeat(1_000) });
        const { acknowledged } = await application.settle();
        assert.deepEqual([acknowledged, log], [2_000, []]);
        // It hands on what it has acknowledged in its own time, and all of it before it ends.
        await shown.end();
        const { missing, repeated } = await application.account();
        assert.deepEqual([missing, repeated], [0, 0]);
      });
    }
  }
});

/** Starts a Collector as the guide has it, with addresses and files of this machine in the place of those it names. */
async function startAsShown(t: TestContext, name: string, behind: Collector): Promise<Addresses & Server> {
  const folder = mkdtempSync(join(tmpdir(), 'trace-guide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [file, content] of Object.entries(FILES)) writeFileSync(join(folder, file), content);
  const [grpcAddress, httpAddress] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const args = [...new Set(['collector', name])].flatMap((part, at) => {
    const file = join(folder, `${at}.yaml`);
    const shown = configurations.get(part) ?? assert.fail(`the guide has no block “${part}”`);
    const local = shown
      .replace('0.0.0.0:4317', grpcAddress)
      .replace('0.0.0.0:4318', httpAddress)
      .replace('jaeger:4317', behind.grpcAddress)
      .replaceAll('/etc/otelcol/', `${folder}/`);
    writeFileSync(file, local);
    return ['--config', file];
  });
  // It would listen on a port of its own.
  args.push('--config', 'yaml:service::telemetry::metrics::level: none');
  const collector = await startServer(programOf('collector'), args, { COLLECTOR_TOKEN: TOKEN });
  t.after(() => collector.end('SIGKILL'));
  return { ...collector, grpcAddress, httpAddress };
}
