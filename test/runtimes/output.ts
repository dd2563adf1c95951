import type { Report } from '../conformance/case.ts';
import type { Ended } from './host.ts';

/** What stands before a report, in the last line of what a program writes to its console. */
export const MARK = 'conformance: ';

/** What a program has written, and its report; `undefined` where that is not there yet. */
export function readOutput(text: string): Ended | undefined {
  const at = text.lastIndexOf(MARK);
  if (at === -1 || !text.endsWith('\n')) return undefined;
  return { report: JSON.parse(text.slice(at + MARK.length)) as Report, output: text.slice(0, at) };
}
