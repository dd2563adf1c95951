import { writeOut } from '#platform';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { RecordingSpan } from '../core/span.ts';
import { type StdoutFormat, TracePrinter } from './printer.ts';

/** Settings of a {@link StdoutSpanProcessor}. */
export interface StdoutSpanProcessorOptions {
  /** Default: `pretty`. */
  format?: StdoutFormat;
  /** Takes the text, whole lines at a time. Default: standard output; the console where there is none. */
  write?: (text: string) => void;
}

/**
 * Prints the spans of a trace when its local root ends. What ends after the root is printed by itself.
 */
export class StdoutSpanProcessor extends TracePrinter {
  constructor({ format = 'pretty', write = writeOut }: StdoutSpanProcessorOptions = {}) {
    super({
      format,
      write,
      rootOf: (span) => (span as RecordingSpan)._root,
      onError: (error) => report('print_failed', messageOf(error), 'error'),
    });
  }
}
