import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Ended, Job } from './host.ts';
import { readOutput } from './output.ts';

const PATIENCE_MILLIS = 20_000;

/**
 * Runs a command whose output ends with its report.
 *
 * @throws Error if it does not end as expected, writes to stderr, or reports nothing.
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
    if (fate === 'ended by a signal' && readOutput(stdout)) child.kill('SIGTERM');
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
  const ended = readOutput(stdout);
  if (ended === undefined) throw new Error(`it reported nothing: ${stdout}`);
  return ended;
}
