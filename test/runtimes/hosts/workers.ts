import { get } from 'node:http';
import type { Report } from '../../conformance/case.ts';
import { bundleCase, inputCode } from '../bundle.ts';
import type { Host } from '../host.ts';

/** The part of Miniflare's types that is used. The real ones exist only if this folder is installed. */
interface Worker {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

// Wrangler sets the same conditions.
const OPTIONS = { conditions: ['workerd', 'worker', 'browser'], external: ['node:async_hooks'] };
const END = `export default {
  async fetch(request, variables, context) {
    return Response.json(await runCase(testCase, (promise) => context.waitUntil(promise)));
  },
};`;
const COMPATIBILITY_DATE = '2026-04-01';

function workerHost(title: string, compatibilityFlags: readonly string[], lacks: Host['lacks']): Host {
  return {
    title,
    language: 'nodejs',
    lacks: {
      'early spans': 'Workers have neither a clock nor random values while a module loads',
      signals: 'a Worker is not a process',
      'HTTP/2': 'Workers have no HTTP/2 API',
      ...lacks,
    },
    missing: () => undefined,
    async run(job) {
      const { Miniflare } = (await import('miniflare' as string)) as { Miniflare: new (options: object) => Worker };
      const code = inputCode(job) + (await bundleCase(job, 'workerd', END, OPTIONS));
      let output = '';
      const worker = new Miniflare({
        modules: [{ type: 'ESModule', path: 'worker.mjs', contents: code }],
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags,
        bindings: { CONFORMANCE: 'yes', ...job.variables },
        handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
          for (const stream of [stdout, stderr]) {
            stream.on('data', (text: Buffer) => {
              output += text;
            });
          }
        },
      });
      try {
        const url = await worker.ready;
        if (job.fate === 'its first request is cancelled') {
          const first = get(url);
          first.on('error', () => {});
          await job.inbox.received(1);
          // Reset the connection: workerd continues a request whose client has only closed its side.
          first.socket?.resetAndDestroy();
        }
        const response = await fetch(url);
        const text = await response.text();
        if (response.status !== 200) throw new Error(`it answered with ${response.status}: ${text}${output}`);
        // The work of the request continues after its response.
        return { report: JSON.parse(text) as Report, output, dispose: () => worker.dispose() };
      } catch (error) {
        await worker.dispose();
        throw error;
      }
    },
  };
}

const NO_CONTEXT = { 'async context': 'no `AsyncLocalStorage` without a compatibility flag' };
const NO_ENVIRONMENT = { environment: 'environment variables need `nodejs_compat`' };

export const WORKERS: readonly Host[] = [
  workerHost('Workers `nodejs_compat`', ['nodejs_compat'], {}),
  workerHost('Workers `nodejs_als`', ['nodejs_als'], NO_ENVIRONMENT),
  workerHost('Workers', [], { ...NO_ENVIRONMENT, ...NO_CONTEXT }),
];
