// Runs a bundle in Vercel's edge runtime. A separate process, since a case may block it, with a fixed version of Node.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { EdgeRuntime } from 'edge-runtime';

const [path, variables] = process.argv.slice(2);
const runtime = new EdgeRuntime({
  initialCode: readFileSync(path, 'utf8'),
  // Next.js adds these globals.
  extend: (context) =>
    variables === undefined
      ? context
      : Object.assign(context, { AsyncLocalStorage, process: { env: JSON.parse(variables) } }),
});
const response = await runtime.dispatchFetch('http://edge/');
console.log(`conformance: ${await response.text()}`);
await response.waitUntil();
