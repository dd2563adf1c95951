import type { Report } from '../conformance/case.ts';
import type { Ended } from './host.ts';

/** The prefix of a report, in a line of a program's console output. */
export const MARK = 'conformance: ';

/** Returns a program's output and its report; `undefined` until the report is there. */
export function readOutput(text: string): Ended | undefined {
  const at = text.lastIndexOf(MARK);
  const end = text.indexOf('\n', at);
  if (at === -1 || end === -1) return undefined;
  // Deno may print its own output later than this report.
  return {
    report: JSON.parse(text.slice(at + MARK.length, end)) as Report,
    output: text.slice(0, at) + text.slice(end + 1),
  };
}
