import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pictureOf } from './picture.ts';

// `npm run picture` draws what `npm run demo` prints in a terminal: one trace that succeeds and one that fails. The
// optional argument is the file to write.

const COLUMNS = 100;
const [file = 'docs/demo.svg'] = process.argv.slice(2);

const printed = execFileSync(process.execPath, ['--import', 'tsx', 'examples/tracing-demo/main.ts'], {
  encoding: 'utf8',
  env: { ...process.env, COLUMNS: String(COLUMNS), FORCE_COLOR: '1', NO_COLOR: '' },
  stdio: ['ignore', 'pipe', 'ignore'],
});
const traces = printed.split(/^(?=\S*trace [0-9a-f]{32})/m).filter((trace) => trace.includes('.push'));
const failed = traces.find((trace) => trace.includes('error'));
if (traces.length < 3 || failed === undefined) throw new Error(`the demo printed something else:\n${printed}`);
// The second trace: by then everything is compiled.
writeFileSync(file, pictureOf(`${traces[1]}${failed}`, 'npm run demo'));
