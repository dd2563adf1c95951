import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCase, inputCode } from '../bundle.ts';
import type { Host } from '../host.ts';
import { runProcess } from '../process.ts';

// The conditions of Next.js.
const OPTIONS = { conditions: ['edge-light', 'worker'], format: 'iife' as const };
const END = `addEventListener('fetch', (event) => {
  const report = runCase(testCase, (promise) => event.waitUntil(promise));
  event.respondWith(report.then((result) => Response.json(result)));
});`;

const program = fileURLToPath(new URL('edge-program.mjs', import.meta.url));
const node = fileURLToPath(new URL('../node_modules/node24/bin/node', import.meta.url));

function edgeHost(title: string, isExtended: boolean, lacks: Host['lacks']): Host {
  return {
    title,
    language: 'nodejs',
    lacks: {
      gzip: 'edge functions have no `CompressionStream`',
      signals: 'an edge function is not a process',
      'HTTP/2': 'edge functions have no HTTP/2 API',
      cancellation: 'an edge function keeps running when its client disconnects',
      ...lacks,
    },
    missing: () =>
      existsSync(node) ? undefined : 'the Node that it runs on is not installed: there is one for linux-x64',
    async run(job) {
      const path = join(job.folder, `${job.id}-${isExtended ? 'extended' : 'bare'}.js`);
      await writeFile(path, inputCode(job) + (await bundleCase(job, 'edge', END, OPTIONS)));
      const variables = JSON.stringify({ CONFORMANCE: 'yes', ...job.variables });
      return runProcess(node, [program, path, ...(isExtended ? [variables] : [])], job, {});
    },
  };
}

export const EDGES: readonly Host[] = [
  edgeHost('Edge', false, {
    'async context': 'no `AsyncLocalStorage` unless it is injected',
    environment: 'no environment variables unless they are injected',
  }),
  edgeHost('Edge in Next.js', true, {}),
];
