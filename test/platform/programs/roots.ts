import { initialize, startSpan } from '../../../src/index.ts';

// Ends so many roots as fast as it can, and says on standard error how that went, and when it is over.

const [, , count, format] = process.argv;
initialize({ exporterType: 'stdout', stdoutFormat: format as 'pretty' | 'json', quiet: true });
process.on('exit', () => console.error('over'));
for (let index = 0; index < Number(count); index++) {
  startSpan(`root ${index % 1_000}`, { root: true, attributes: { text: 'x'.repeat(50) } }).end();
  if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
console.error(JSON.stringify({ ended: Number(count), rss: process.memoryUsage().rss }));
