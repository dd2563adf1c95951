// Initializes with settings passed as JSON, ends two spans, and prints their outcome.
import { forceFlush, initialize, shutdown, startSpan, stats } from '@realtime-ai/trace';

const settings = JSON.parse(process.argv[2]);
const diagnostics = [];
const report = { refused: '', stats: undefined, diagnostics };
try {
  initialize({
    exporterType: 'otlp',
    quiet: true,
    onDiagnostic: ({ message }) => diagnostics.push(message),
    ...settings,
  });
} catch (error) {
  report.refused = String(error);
}
startSpan('first').end();
startSpan('second').end();
// Each flush retries. The second failure is reported.
await forceFlush();
await forceFlush();
await shutdown();
report.stats = stats();
console.log(JSON.stringify(report));
