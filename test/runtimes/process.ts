import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Report } from '../conformance/case.ts';
import type { Ended, Job } from './host.ts';

const MARK = 'conformance: ';
const PATIENCE_MILLIS = 20_000;

/**
 * Runs a command that writes its report to standard output as a last line, behind `conformance: `.
 *
 * @throws Error where it does not end as it should, writes to stderr, or reports nothing.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  { folder, fate }: Pick<Job, 'folder' | 'fate'>,
  variables: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLIS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (fate === 'ended by a signal' && reportIn(stdout)) child.kill('SIGTERM');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const end = signal ?? `status ${code}`;
  const usual = fate === 'ended by a signal' ? 'SIGTERM' : 'status 0';
  if (end !== usual) throw new Error(`it ended with ${end} instead of ${usual}: ${stderr}${stdout}`);
  if (stderr !== '') throw new Error(`it wrote to stderr: ${stderr}`);
  const report = reportIn(stdout);
  if (report === undefined) throw new Error(`it reported nothing: ${stdout}`);
  return { report, output: stdout.slice(0, stdout.lastIndexOf(MARK)) };
}

function reportIn(stdout: string): Report | undefined {
  const at = stdout.lastIndexOf(MARK);
  return at === -1 || !stdout.endsWith('\n') ? undefined : (JSON.parse(stdout.slice(at + MARK.length)) as Report);
}
