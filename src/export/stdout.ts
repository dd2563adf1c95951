import { env, ioPerRequest, language, terminal, writeOut } from '#platform';
import { now } from '../core/clock.ts';
import { background } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { ATTRIBUTE_CHOICE, isAttributeChoice } from './attribute-choice.ts';
import { untraced } from './exporter.ts';
import { LineWriter } from './line-writer.ts';
import { localTrace } from './local-trace.ts';
import { consoleWriter, droppedText, type StdoutFormat, type TraceOutput, TracePrinter } from './printer.ts';
import { columnsOf, type Terminal, terminalStyle } from './terminal-style.ts';
import type { WaterfallStyle } from './waterfall.ts';

/** Settings of a {@link StdoutSpanProcessor}. */
export interface StdoutSpanProcessorOptions {
  /** The format of the output. Default: `pretty`. */
  format?: StdoutFormat;
  /**
   * The attributes that `pretty` shows: keys, or prefixes of keys followed by `*`, such as `llm.*`. Default: all but
   * those that the span's name already says. Does not affect what is recorded, or `json`.
   */
  attributes?: readonly string[];
  /** Receives the text, whole lines at a time. Default: standard output; the console where there is none. */
  write?: (text: string) => void;
}

/**
 * Prints the spans of a trace when its local root ends. The rules are in the guide, under "stdout". Never waits for the
 * reader of the output, and holds a bounded amount of it.
 *
 * @throws TypeError if `attributes` is not an array of such keys.
 */
export class StdoutSpanProcessor extends TracePrinter {
  constructor({ format = 'pretty', attributes, write }: StdoutSpanProcessorOptions = {}) {
    if (attributes !== undefined && !isAttributeChoice(attributes)) {
      throw new TypeError(`attributes: ${JSON.stringify(attributes)} is not ${ATTRIBUTE_CHOICE}`);
    }
    super({
      format,
      output: write === undefined ? outputTo(format) : outputOf((text) => untraced(write, text)),
      style: styleOf(write === undefined ? terminal : noTerminal, attributes),
      trace: localTrace,
      now,
      later: ioPerRequest ? undefined : background,
      onError: (error) => report('print_failed', messageOf(error), 'error'),
    });
  }
}

function outputTo(format: StdoutFormat): TraceOutput {
  if ((language as string) === 'webjs') return consoleWriter;
  // On these runtimes, `writeOut` writes to a console, which takes any text at once.
  if (ioPerRequest) return outputOf(writeOut);
  // An empty line separates a trace from the log lines of the next one.
  return new LineWriter((count) => droppedText(count, format), format === 'json' ? '' : '\n');
}

function outputOf(write: (text: string) => unknown): TraceOutput {
  return { accepts: () => true, write: (text) => void write(text), flush: async () => {} };
}

function noTerminal(): Terminal {
  return { isTerminal: false, columns: undefined, isWindows: false };
}

/** Looks at standard output only when something is printed: the first look takes Node a millisecond or two. */
function styleOf(terminalNow: () => Terminal, attributes: readonly string[] | undefined): () => WaterfallStyle {
  let known: ReturnType<typeof terminalStyle> | undefined;
  return () => {
    const current = terminalNow();
    known ??= terminalStyle(env, current);
    return { ...known, columns: columnsOf(current, env), attributes };
  };
}
