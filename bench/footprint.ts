import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What an installation puts on disk. */
export interface Footprint {
  readonly packages: number;
  readonly bytes: number;
}

/** Measures a folder whose `node_modules` npm has installed. Sizes are of files, not of the blocks that they occupy. */
export function footprintOf(folder: string): Footprint {
  const modules = join(folder, 'node_modules');
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as { packages: object };
  let bytes = 0;
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    // Skip files that belong to npm or the benchmarks, and links to files that are counted elsewhere.
    if (!entry.isFile() || /^\.(package-lock\.json|installed-lock)$/.test(entry.name)) continue;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return { packages: Object.keys(lock.packages).length, bytes };
}
