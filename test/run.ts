import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

// Node 20's test runner accepts neither patterns nor TypeScript files. Arguments that begin with a dash are passed to
// it. All others are parts of paths: `npm test -- core/span export/`.
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.test.ts') && !/node_modules|^test\/(backends|bundlers|runtimes)\//.test(path))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test's path has ${wanted.join(' or ')} in it`);
  process.exit(1);
}
// A hanging test fails and is named. This reporter lists the failures at the end.
const runner = ['--import', 'tsx', '--test', '--test-timeout=120000'];
if (!options.some((option) => option.startsWith('--test-reporter'))) runner.push('--test-reporter=spec');
const { status } = spawnSync(process.execPath, [...runner, ...options, ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
