import type { WaterfallStyle } from './waterfall.ts';

// The width if no terminal reports one: nobody knows how a file will be read.
const COLUMNS = 100;

/** What standard output is, as far as the runtime knows. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** `undefined` if unknown. */
  readonly columns: number | undefined;
  readonly isWindows: boolean;
}

/**
 * What the terminal can show.
 *
 * Color: decided by `FORCE_COLOR` (https://force-color.org; `0` and `false` forbid it, as in Node), then by `NO_COLOR`
 * (https://no-color.org), then by whether output goes to a terminal that is not dumb. Empty variables count as unset.
 *
 * Characters beyond ASCII: not if `TERM` is `dumb`, and not if the locale is one without UTF-8; a missing locale, as in
 * containers, does not rule them out. On Windows, only in a terminal that does not depend on a code page.
 */
export function terminalStyle(
  env: (name: string) => string | undefined,
  { isTerminal, isWindows }: Terminal,
): Pick<WaterfallStyle, 'hasColor' | 'hasUnicode'> {
  const isDumb = env('TERM') === 'dumb';
  const force = env('FORCE_COLOR');
  const locale = env('LC_ALL') || env('LC_CTYPE') || env('LANG');
  return {
    hasColor: force ? !/^(0|false)$/i.test(force) : isTerminal && !isDumb && !env('NO_COLOR'),
    hasUnicode:
      !isDumb && (isWindows ? !!(env('WT_SESSION') || env('TERM_PROGRAM')) : !locale || /utf-?8/i.test(locale)),
  };
}

/**
 * How wide a line may be. Asked again for each trace, because the window may have been resized. Without a terminal, it
 * is what `COLUMNS` says, otherwise 100.
 */
export function columnsOf({ isTerminal, columns }: Terminal, env: (name: string) => string | undefined): number {
  return (isTerminal && columns) || Number(env('COLUMNS')) || COLUMNS;
}
