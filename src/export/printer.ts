import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { UNPRINTABLE } from '../core/unprintable.ts';
import { requestJson } from './otlp/json.ts';
import { TraceHolder, type TraceHolderOptions } from './trace-holder.ts';
import { countText, crowdText, type TraceCrowd, TraceShapes } from './trace-shape.ts';
import { type TracePart, type WaterfallStyle, waterfall } from './waterfall.ts';

export { consoleWriter } from './console-writer.ts';

/** How spans are printed: `pretty` for people, `json` for programs (one OTLP/JSON request per line). */
export type StdoutFormat = 'pretty' | 'json';

/** Where a {@link TracePrinter} writes. */
export interface TraceOutput {
  /** False if a text would be dropped, so that it need not be made. The drop is counted. */
  accepts(): boolean;
  /** Takes whole lines. */
  write(text: string, hasError: boolean): void;
  flush(millis: number): Promise<void>;
}

/** Options of a {@link TracePrinter}. */
export interface TracePrinterOptions extends Omit<TraceHolderOptions, 'print'> {
  readonly format: StdoutFormat;
  readonly output: TraceOutput;
  /** Called for each trace, because a terminal may have been resized. */
  readonly style: () => WaterfallStyle;
  /** Called with the reason if a span could not be printed. */
  readonly onError: (error: unknown) => void;
}

/**
 * Prints the spans of a trace when its local root ends, by the rules of `TraceHolder` and, for people, `TraceShapes`.
 * Imports nothing from the core that depends on the platform: in pages, the printer is a module loaded on demand, and
 * code that it shared with other modules would be loaded too.
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
        // Programs want all traces, and only ended spans.
        const isPretty = options.format === 'pretty';
        // No provider stands around what is printed later.
        try {
          if (isPretty && !this._shapes.admit(spans, note)) return;
          if (!options.output.accepts()) return;
          const { traceId } = spans[0].spanContext();
          this._print({ traceId, spans, note, open: isPretty ? openOf?.() : undefined });
        } catch (error) {
          options.onError(error);
        }
      },
    });
  }

  onEnd(span: ReadableSpan): void {
    // Spans that are recorded but not sampled are for the application's own processors.
    if (!this._isShutDown && ((span.flags ?? span.spanContext().traceFlags) & 1) !== 0) this._holder.add(span);
  }

  /** Waits until everything printed so far is written. Traces whose root is open stay held. */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    this._holder.flush();
    this._shapes.flush();
    await this._options.output.flush(flushTimeout(options));
    // No flush can print the spans that wait for their root.
    return { exported: 0, pending: 0, dropped: 0 };
  }

  /** Prints held spans, marked as unfinished. Whatever can be written synchronously has been when this returns. */
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
    let text: string;
    try {
      text = this._textOf(part);
    } catch (error) {
      // One span that is too large for a string must not take the others with it.
      if (spans.length > 1) for (const span of spans) this._print({ ...part, spans: [span], open: undefined });
      else onError(error);
      return;
    }
    try {
      output.write(text, spans.some(trace.hasFailed));
    } catch (error) {
      onError(error);
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

  /** Returns whole lines. */
  private _textOf(part: TracePart): string {
    const { format, style } = this._options;
    return format === 'json' ? `${escaped(requestJson(part.spans))}\n` : waterfall(part, style());
  }
}

/** Escapes the characters of JSON that a terminal would obey rather than show. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The note about traces that could not be written; empty for JSON. */
export function droppedText(count: number, format: StdoutFormat): string {
  return format === 'json'
    ? ''
    : `(${countText(count)} ${count === 1 ? 'trace' : 'traces'} not printed: the reader of this output is too slow)\n`;
}
