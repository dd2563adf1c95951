import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rollup } from 'rollup';

const CHUNK = /chunk-\w+\.js(?=")/g;

/**
 * Joins the chunks that the entry points share, one for each way of sharing, into one file, `core.js`. Every file costs
 * time to find and read: half a millisecond in Node.
 */
export async function joinCore(folder: string): Promise<void> {
  const entries = ['index.js', 'host/page.js', 'host/server.js'].map((path) => join(folder, path));
  const texts = await Promise.all(entries.map((path) => readFile(path, 'utf8')));
  const chunks = [...new Set(texts.flatMap((text) => text.match(CHUNK) ?? []))];
  const core = join(folder, 'core.js');
  await writeFile(core, chunks.map((chunk) => `export * from './${chunk}';\n`).join(''));
  const bundle = await rollup({
    input: core,
    external: /^#/,
    onwarn({ message }) {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: 'es', compact: true });
  await writeFile(core, `${output[0].code}\n`);
  for (const [at, path] of entries.entries()) await writeFile(path, texts[at].replace(CHUNK, 'core.js'));
  for (const chunk of chunks) await rm(join(folder, chunk));
}
