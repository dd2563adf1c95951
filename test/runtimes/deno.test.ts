import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';
import { DENO_WITHOUT_PERMISSIONS, missing, programsFolder } from './runtime.ts';

// Deno prompts only at a terminal, which this command of util-linux provides.
const TERMINAL = '/usr/bin/script';
const hasTerminal = process.platform === 'linux' && existsSync(TERMINAL);
const skip = missing(DENO_WITHOUT_PERMISSIONS) || (!hasTerminal && `there is no ${TERMINAL} of util-linux`);

describe('Deno at a terminal, with permission only for the collector,', { skip }, () => {
  test('prompts for no other permission, and unreadable settings count as absent', async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    const { command, args } = DENO_WITHOUT_PERMISSIONS;
    const program = [command, ...args, `${programsFolder()}/send.mjs`, `'{"otlpEndpoint":"${collector.url}"}'`];
    const { code, stdout } = await run(TERMINAL, ['-qec', program.join(' '), '/dev/null'], programsFolder(), {
      OTEL_SERVICE_NAME: 'unread',
      NO_COLOR: 'yes',
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^\{"refused":"".*\}\r?\n$/);
    const [{ resource }] = collector.spans();
    assert.deepEqual(
      [resource.attributes['service.name'], resource.attributes['host.name']],
      ['realtime-ai', undefined],
    );
  });
});
