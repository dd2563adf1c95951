// Prints the trace that it finds in its environment, through `process.env` and, on Deno, `Deno.env`.
import { environmentGetter, extract, initialize, inject, ROOT_CONTEXT } from '@realtime-ai/trace';

initialize({ exporterType: 'none' });
const environments = [process.env, ...('Deno' in globalThis ? [globalThis.Deno.env] : [])];
const found = environments.map((environment) => {
  const carrier = {};
  inject(carrier, { context: extract(environment, { context: ROOT_CONTEXT, getter: environmentGetter }) });
  return carrier;
});
console.log(JSON.stringify(found));
