// Requires the package, and a file that imports the package.
const { shutdown, startSpan } = require('@realtime-ai/trace');
const { start } = require('./start.js');

globalThis.main = async (url) => {
  const trace = start(url);
  startSpan('required').end();
  await shutdown();
  return trace.stats();
};
