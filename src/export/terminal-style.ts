import type { Terminal } from '../platform/platform.ts';
import type { WaterfallStyle } from './waterfall.ts';

// Where nobody says how wide it is.
const COLUMNS = 100;
// What sets these is not the console of old, which has a code page of its country.
const WINDOWS_TERMINALS = ['WT_SESSION', 'TERM_PROGRAM', 'ConEmuTask', 'TERM'];

/**
 * How to write to standard output: in colours at a terminal, unless variables say otherwise; in Unicode where it is known.
 *
 * Specification: no-color.org; `FORCE_COLOR` as Node has it, which goes before.
 */
export function terminalStyle(
  { isTerminal, columns, isWindows }: Terminal,
  variable: (name: string) => string | undefined,
): WaterfallStyle {
  const forced = variable('FORCE_COLOR');
  const isDumb = variable('TERM') === 'dumb';
  const hasOldConsole = isTerminal && isWindows === true && !WINDOWS_TERMINALS.some(variable);
  return {
    columns: (isTerminal && columns) || Number(variable('COLUMNS')) || COLUMNS,
    hasColor: forced === undefined ? isTerminal && !isDumb && !variable('NO_COLOR') : !/^(0|false)$/.test(forced),
    hasUnicode: !isDumb && !hasOldConsole && !hasOtherCharset(variable),
  };
}

/** Containers have no locale, or that of C, and what reads their output reads UTF-8. */
function hasOtherCharset(variable: (name: string) => string | undefined): boolean {
  const locale = variable('LC_ALL') || variable('LC_CTYPE') || variable('LANG') || '';
  return variable('TERM') === 'linux' || (locale.includes('.') && !/\.utf-?8/i.test(locale));
}
