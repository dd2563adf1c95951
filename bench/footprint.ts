import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What an installation puts on the disk. */
export interface Footprint {
  readonly packages: number;
  readonly bytes: number;
}

/** Of a folder whose `node_modules` npm has installed. Sizes are those of the files, not of the blocks they take. */
export function footprintOf(folder: string): Footprint {
  const modules = join(folder, 'node_modules');
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as { packages: object };
  let bytes = 0;
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    // What npm and the benchmarks keep for themselves, and links to files counted elsewhere, are no package's.
    if (!entry.isFile() || /^\.(package-lock\.json|installed-lock)$/.test(entry.name)) continue;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return { packages: Object.keys(lock.packages).length, bytes };
}
