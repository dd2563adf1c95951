import { readFileSync, writeFileSync } from 'node:fs';
import { withSettings } from './settings-table.ts';

// `npm run settings` writes the tables of the README; a test sees to it that they are there.

const root = new URL('../', import.meta.url);
const readme = new URL('README.md', root);
writeFileSync(readme, withSettings(root, readFileSync(readme, 'utf8')));
