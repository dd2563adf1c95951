import { env, ioPerRequest, outDrained, terminal, writeOut } from '#platform';
import { now } from '../core/clock.ts';
import { later, within } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { flushTimeout } from '../core/processor.ts';
import type { RecordingSpan } from '../core/span.ts';
import { arrayOf, checkSetting, oneOf, TEXT } from '../setting.ts';
import { type StdoutFormat, TracePrinter } from './printer.ts';
import { terminalStyle } from './terminal-style.ts';

/** Settings of a {@link StdoutSpanProcessor}. */
export interface StdoutSpanProcessorOptions {
  /** Default: `pretty`. */
  format?: StdoutFormat;
  /**
   * The attributes that are shown, where the format is `pretty`: keys, and beginnings of keys that end in `*`. Default: all
   * but those which the name of the span says already.
   */
  attributes?: readonly string[];
  /** Takes the text, whole lines at a time. Default: standard output; the console where there is none. */
  write?: (text: string) => void;
}

/**
 * Prints the spans of a trace when its local root ends, as a tree with bars on an axis of time. Spans that end later are
 * printed within a second, marked `(late)`; where a root is open for 10 seconds, what has ended below it, marked `(partial)`;
 * `shutdown` prints the rest, marked `(unfinished)`. Of more than ten traces a second that look the same, the others are
 * counted on a line. Colours and width are those of the terminal; `NO_COLOR`, `FORCE_COLOR`, `TERM` and `COLUMNS` count.
 */
export class StdoutSpanProcessor extends TracePrinter {
  /** @throws TypeError naming the option, its value and what is allowed. */
  constructor({ format = 'pretty', attributes, write }: StdoutSpanProcessorOptions = {}) {
    checkSetting('format', format, oneOf('pretty', 'json'));
    if (attributes !== undefined) checkSetting('attributes', attributes, arrayOf('keys', TEXT));
    super({
      format,
      write: write ?? writeOut,
      drained: async (options) => {
        const timeoutMillis = flushTimeout(options);
        if (write === undefined) await within(timeoutMillis, outDrained(timeoutMillis));
      },
      rootOf: (span) => (span as RecordingSpan)._root,
      onError: (error) => report('print_failed', messageOf(error), 'error'),
      style: () => ({ ...terminalStyle(write === undefined ? terminal() : { isTerminal: false }, env), attributes }),
      now,
      later: ioPerRequest ? undefined : later,
    });
  }
}
