import type { TraceOutput } from './printer.ts';

// Methods that a console may lack. A collapsed group stays closed until the reader opens it.
type Groups = Partial<Pick<Console, 'groupCollapsed' | 'groupEnd'>>;

/** Prints each trace to the console of a page, as a group whose title is its first line. */
export const consoleWriter: TraceOutput = {
  accepts: () => true,
  write(text, hasError) {
    const lines = text.trimEnd();
    const at = lines.indexOf('\n');
    const { groupCollapsed, groupEnd }: Groups = console;
    if (at < 0 || !groupCollapsed || !groupEnd) {
      console.log(lines);
      return;
    }
    // Passed as %s, because a name may contain a percent sign.
    groupCollapsed.call(console, '%c%s', `font-weight:600${hasError ? ';color:#d33' : ''}`, lines.slice(0, at));
    console.log(lines.slice(at + 1));
    groupEnd.call(console);
  },
  async flush() {},
};
