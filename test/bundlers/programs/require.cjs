// One file that requires the package, and imports another that imports it.
const { shutdown, startSpan } = require('@realtime-ai/trace');
const { start } = require('./start.js');

globalThis.main = async (url) => {
  const trace = start(url);
  startSpan('required').end();
  await shutdown();
  return trace.stats();
};
