import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { rolldown } from './rolldown.ts';

const folder = process.env.PROGRAMS_FOLDER ?? '';

/** Returns the minified bytes that a page loads for one name. */
async function bytesOf(name: string): Promise<number> {
  const program = join(folder, 'one-name.mjs');
  writeFileSync(program, `import { ${name} } from '@realtime-ai/trace';\nglobalThis.used = ${name};\n`);
  const { entry, files } = await rolldown.bundle({ program, target: 'page', isMinified: true });
  return files.get(entry)?.length ?? Number.NaN;
}

/** True for strings, numbers, and objects of these, which need no other code of the package. */
function isConstant(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isConstant);
}

describe('a bundle that uses one name of the package', () => {
  const sizes: [name: string, bytes: number, value: unknown][] = [];
  before(async () => {
    const url = pathToFileURL(join(folder, 'node_modules/@realtime-ai/trace/dist/index.js'));
    const all = (await import(url.href)) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(all)) sizes.push([name, await bytesOf(name), value]);
  });

  /** Returns the names among those meant whose bundle is larger than the bound. */
  const over = (bound: number, isMeant: (name: string, value: unknown) => boolean) => {
    const meant = sizes.filter(([name, , value]) => isMeant(name, value));
    assert.ok(meant.length > 2, 'there are no such names');
    return meant.filter(([, bytes]) => !(bytes < bound)).map(([name, bytes]) => `${name}: ${bytes}`);
  };

  it('contains nothing else for a constant', () => {
    assert.deepEqual(
      over(200, (_, value) => isConstant(value)),
      [],
    );
  });

  it('contains almost nothing else for attributes', () => {
    assert.deepEqual(
      over(300, (name) => /^[a-z]+Attrs$/.test(name)),
      [],
    );
  });

  it('contains neither tracer nor exporter for propagation', () => {
    const passesOn = /Propagator$|^inject$|^extract$|Baggage$|^contextWith|^traceId$|^spanId$/;
    assert.deepEqual(
      over(9_000, (name) => passesOn.test(name)),
      [],
    );
  });

  it('contains no exporter for functions that create spans', () => {
    assert.deepEqual(
      over(28_000, (name) => /^instrument|^withSpan$|^startSpan$|^getTracer$|^traceFetch$|^TracerProvider$/.test(name)),
      [],
    );
  });
});
