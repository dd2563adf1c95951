import { ensureInstalled, SETS } from './installed.ts';

// `npm run bench:install` installs what every run needs. Arguments name further sets to install.
for (const set of ['needed', ...process.argv.slice(2)]) {
  if (SETS[set] === undefined) throw new Error(`${set}: unknown; known are ${Object.keys(SETS).join(', ')}`);
  ensureInstalled(set);
}
