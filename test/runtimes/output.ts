import type { Report } from '../conformance/case.ts';
import type { Ended } from './host.ts';

/** What stands before a report, in a line of what a program writes to its console. */
export const MARK = 'conformance: ';

/** What a program has written, and its report; `undefined` where that is not there yet. */
export function readOutput(text: string): Ended | undefined {
  const at = text.lastIndexOf(MARK);
  const end = text.indexOf('\n', at);
  if (at === -1 || end === -1) return undefined;
  // Deno prints what is printed by itself when it gets to it, which may be later.
  return {
    report: JSON.parse(text.slice(at + MARK.length, end)) as Report,
    output: text.slice(0, at) + text.slice(end + 1),
  };
}
