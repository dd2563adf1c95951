// Creates spans with all copies of the package: imported and required, from two installations. Prints the counters and
// the number of copies.
import { createRequire } from 'node:module';
import * as imported from '@realtime-ai/trace';
import * as dependency from './dependency/index.mjs';

const required = createRequire(import.meta.url)('@realtime-ai/trace');
const copies = [imported, required, dependency.imported, dependency.required];
const diagnostics = [];
imported.initialize({
  exporterType: 'otlp',
  otlpEndpoint: process.argv[2],
  quiet: true,
  onDiagnostic: ({ code }) => diagnostics.push(code),
});

/** Creates a span with each copy, each a child of the previous one. */
async function nest([copy, ...others], name = 'span') {
  await copy?.withSpan(name, { attributes: { refused: () => {} } }, async () => {
    await undefined;
    await nest(others, `${name}.${others.length}`);
  });
}

await nest(copies);
let refused = 0;
for (const { initialize } of copies) {
  try {
    initialize();
  } catch {
    refused++;
  }
}
const stats = copies.map((copy) => copy.stats().ended);
const flushed = await dependency.required.forceFlush();
await dependency.imported.shutdown();
const recording = copies.map((copy) => copy.startSpan('late').isRecording());
const distinct = new Set(copies.map(({ withSpan }) => withSpan)).size;
console.log(JSON.stringify({ distinct, diagnostics, refused, stats, flushed, recording }));
