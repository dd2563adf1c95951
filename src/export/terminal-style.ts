import type { WaterfallStyle } from './waterfall.ts';

// Where there is no terminal that says how wide it is: of a file nobody knows who reads it.
const COLUMNS = 100;

/** What standard output is, as far as a runtime says. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** `undefined` where it is not known. */
  readonly columns: number | undefined;
  readonly isWindows: boolean;
}

/**
 * What can be shown there.
 *
 * Colour: `FORCE_COLOR` (https://force-color.org; `0` and `false` forbid it, as in Node), then `NO_COLOR`
 * (https://no-color.org), then whether it is a terminal, and none that calls itself dumb. Empty variables are unset.
 *
 * Characters beyond ASCII: not where `TERM` is `dumb`; not where the locale is one without UTF-8, while no locale at all, as
 * in containers, says nothing; on Windows only where the terminal is one that does not go by a code page.
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
 * How wide a line may be: asked again for each trace, since somebody may have made the window wider. Without a terminal it is
 * what `COLUMNS` says, else 100.
 */
export function columnsOf({ isTerminal, columns }: Terminal, env: (name: string) => string | undefined): number {
  return (isTerminal && columns) || Number(env('COLUMNS')) || COLUMNS;
}
