import { readFileSync, writeFileSync } from 'node:fs';
import { withSettings } from './settings-table.ts';

// `npm run settings` writes the README's tables of settings. A test checks that they are up to date.

const root = new URL('../', import.meta.url);
const readme = new URL('README.md', root);
writeFileSync(readme, withSettings(root, readFileSync(readme, 'utf8')));
