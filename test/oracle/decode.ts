import { readFileSync } from 'node:fs';
import { describeCaptured } from './captured-request.ts';

// `npm run decode -- request.bin` prints a captured request. `-` reads standard input.
const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('npm run decode -- <file with a request, or - for standard input>');
  process.exit(2);
}
try {
  process.stdout.write(describeCaptured(new Uint8Array(readFileSync(path === '-' ? 0 : path))));
} catch (error) {
  console.error(`${path}: ${(error as Error).message}`);
  process.exitCode = 1;
}
