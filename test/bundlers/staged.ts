import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessorStats } from '../../src/export/span-counts.ts';
import { run } from '../docs/program.ts';
import type { Bundle, Target } from './bundle.ts';

/** The result of the `main` of a program. */
export interface Staged {
  readonly result: Partial<ProcessorStats> & { readonly holdsAcrossAwait?: boolean };
  /** The program's output. */
  readonly output: string;
}

const stage = fileURLToPath(new URL('stage.mjs', import.meta.url));

/**
 * Runs a bundle in a separate process with only the globals of its target.
 *
 * @throws Error with the process's stderr if it fails.
 */
export async function staged(bundle: Bundle, target: Target, url: string): Promise<Staged> {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    for (const [name, code] of bundle.files) writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, 'package.json'), `{ "type": "${target === 'node-cjs' ? 'commonjs' : 'module'}" }`);
    const args = ['--experimental-vm-modules', '--no-warnings', stage, folder, bundle.entry, target, url];
    const { code, stdout, stderr } = await run(process.execPath, args, folder);
    if (code !== 0 || stderr !== '') throw new Error(`it ended with ${code}: ${stderr}`);
    const at = stdout.lastIndexOf('\n');
    const { result, lines } = JSON.parse(stdout.slice(at)) as { result: Staged['result']; lines: string[] };
    return { result, output: stdout.slice(0, at) + lines.join('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
