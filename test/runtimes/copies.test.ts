import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';
import { programsFolder, RUNTIMES } from './runtime.ts';

// Node and Bun load the same files for `require` and `import`.
const DISTINCT: Readonly<Record<string, number>> = { Node: 2, Bun: 2, Deno: 4 };

const DEPENDENCY = `
  import { createRequire } from 'node:module';
  export * as imported from '@realtime-ai/trace';
  export const required = createRequire(import.meta.url)('@realtime-ai/trace');
`;

describe('copies of the package in one process, imported and required, from two installations,', () => {
  before(() => {
    const folder = programsFolder();
    cpSync(join(folder, 'node_modules'), join(folder, 'dependency', 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'dependency', 'index.mjs'), DEPENDENCY);
  });

  for (const { name, command, args } of RUNTIMES) {
    it(`share one tracer on ${name}`, async (t) => {
      const collector = await startCollector();
      t.after(() => collector.close());
      const folder = programsFolder();
      const { code, stdout, stderr } = await run(command, [...args, `${folder}/copies.mjs`, collector.url], folder);
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(JSON.parse(stdout), {
        distinct: DISTINCT[name],
        diagnostics: ['attribute_refused'],
        refused: 4,
        stats: [4, 4, 4, 4],
        flushed: { exported: 4, pending: 0, dropped: 0 },
        recording: [false, false, false, false],
      });
      const spans = new Map(collector.spans().map((span) => [span.spanId, span]));
      assert.deepEqual(
        collector.spans().map((span) => [span.name, spans.get(span.parentSpanId)?.name]),
        [
          ['span.3.2.1', 'span.3.2'],
          ['span.3.2', 'span.3'],
          ['span.3', 'span'],
          ['span', undefined],
        ],
      );
    });
  }
});
