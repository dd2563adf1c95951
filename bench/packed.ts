import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What `npm pack` reports about a package. */
export interface Pack {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly entryCount: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** A project outside of the repository, with the package installed as its users install it. */
export interface PackedProject {
  readonly folder: string;
  /** The folder of the installed package. */
  readonly packageFolder: string;
  readonly pack: Pack;
}

/** Packs the built package, unpacks it in a temporary project, and removes the project after `use`. */
export async function withPackedProject<T>(use: (project: PackedProject) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trace-packed-'));
  try {
    const npmArguments = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const said = execFileSync('npm', npmArguments, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [pack] = JSON.parse(said) as Pack[];
    const packageFolder = join(folder, 'node_modules', '@realtime-ai', 'trace');
    mkdirSync(packageFolder, { recursive: true });
    const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? pack.filename);
    execFileSync('tar', ['-xzf', tarball, '-C', packageFolder, '--strip-components=1']);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    return await use({ folder, packageFolder, pack });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
