import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { requestJson } from './otlp/json.ts';
import { TraceHolder, type TraceHolderOptions } from './trace-holder.ts';
import { countText, crowdText, type TraceCrowd, TraceShapes } from './trace-shape.ts';
import { type TracePart, type WaterfallStyle, waterfall } from './waterfall.ts';

export { consoleWriter } from './console-writer.ts';

/** How spans are printed: `pretty` for people, `json` for programs, one OTLP/JSON request a line. */
export type StdoutFormat = 'pretty' | 'json';

/** Where a {@link TracePrinter} prints to. */
export interface TraceOutput {
  /** False where a text would be lost, so that none has to be made; it is counted. */
  accepts(): boolean;
  /** Takes whole lines. */
  write(text: string, hasError: boolean): void;
  flush(millis: number): Promise<void>;
}

/** What a {@link TracePrinter} works with. */
export interface TracePrinterOptions extends Omit<TraceHolderOptions, 'print'> {
  readonly format: StdoutFormat;
  readonly output: TraceOutput;
  /** Asked for each trace: a terminal may have become wider. */
  readonly style: () => WaterfallStyle;
  /** Told why a span could not be printed. */
  readonly onError: (error: unknown) => void;
}

/**
 * Prints the spans of a trace when its local root ends, as `TraceHolder` says and, for people, `TraceShapes`. Takes nothing
 * from the core that has to do with the platform: in pages it is a module that is loaded on demand, and what it shared with
 * others would be loaded, too.
 */
export class TracePrinter implements SpanProcessor {
  private readonly _options: TracePrinterOptions;
  private readonly _holder: TraceHolder;
  private readonly _shapes: TraceShapes;
  private _isShutDown = false;

  constructor(options: TracePrinterOptions) {
    this._options = options;
    this._shapes = new TraceShapes({ ...options, print: (crowd) => this._printCrowd(crowd) });
    this._holder = new TraceHolder({
      ...options,
      print: (spans, note, openOf) => {
        // Programs want all of them, as they end.
        const isPretty = options.format === 'pretty';
        if (isPretty && !this._shapes.admit(spans, note)) return;
        if (!options.output.accepts()) return;
        const { traceId } = spans[0].spanContext();
        this._print({ traceId, spans, note, open: isPretty ? openOf?.() : undefined });
      },
    });
  }

  onEnd(span: ReadableSpan): void {
    // What is recorded and not sampled is for processors of the application's.
    if (!this._isShutDown && (span.flags & 1) !== 0) this._holder.add(span);
  }

  /** Waits until what has been printed is written; traces whose root is open are held on. */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    this._shapes.flush();
    await this._options.output.flush(flushTimeout(options));
    return { exported: 0, pending: this._holder.spanCount, dropped: 0 };
  }

  /** Prints what is held, marked as unfinished. What can be written at once has been when this returns. */
  async shutdown(options?: FlushOptions): Promise<FlushResult> {
    if (!this._isShutDown) {
      this._isShutDown = true;
      this._holder.shutdown();
      this._shapes.shutdown();
    }
    await this._options.output.flush(flushTimeout(options));
    return { exported: 0, pending: 0, dropped: 0 };
  }

  private _print(part: TracePart): void {
    const { output, trace, onError } = this._options;
    const { spans } = part;
    try {
      output.write(this._textOf(part), spans.some(trace.hasFailed));
    } catch (error) {
      // One span that is too large for a string must not take the others with it.
      if (spans.length > 1) for (const span of spans) this._print({ ...part, spans: [span], open: undefined });
      else onError(error);
    }
  }

  private _printCrowd(crowd: TraceCrowd): void {
    const { output, style, onError } = this._options;
    try {
      if (output.accepts()) output.write(`${crowdText(crowd, style())}\n`, crowd.errors > 0);
    } catch (error) {
      onError(error);
    }
  }

  /** Whole lines. */
  private _textOf(part: TracePart): string {
    const { format, style } = this._options;
    return format === 'json' ? `${escaped(requestJson(part.spans))}\n` : waterfall(part, style());
  }
}

// What a terminal obeys, or loses its direction by.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The same JSON in characters that a terminal shows and does not obey. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What is said of traces that could not be written; nothing among JSON. */
export function droppedText(count: number, format: StdoutFormat): string {
  return format === 'json' ? '' : `(${countText(count)} not printed: what reads this is too slow)\n`;
}
