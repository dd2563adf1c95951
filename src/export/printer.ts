import type { FlushResult, SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { requestJson } from './otlp/json.ts';
import { type TracePart, waterfall } from './waterfall.ts';

/** How spans are printed: `pretty` for people, `json` for programs, one OTLP/JSON request a line. */
export type StdoutFormat = 'pretty' | 'json';

/** What a {@link TracePrinter} works with. */
export interface TracePrinterOptions {
  readonly format: StdoutFormat;
  /** Takes the text, whole lines at a time. */
  readonly write: (text: string) => void;
  /** What all spans below one local root have in common. */
  readonly rootOf: (span: ReadableSpan) => object;
  /** Told why a span could not be printed. */
  readonly onError: (error: unknown) => void;
}

// Traces whose root is still open are held. A root that never ends must not hold its children for ever.
const MAX_TRACES = 1_000;
const MAX_SPANS = 10_000;

// What could move a cursor, colour a terminal or turn the direction of a line.
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const STYLE = { columns: 120, hasColor: false, hasUnicode: true };

/**
 * Prints the spans of a trace when its local root ends. What ends after the root is printed by itself. Takes nothing
 * from the core: in pages it is a module that is loaded on demand, and what it shared with others would be loaded, too.
 */
export class TracePrinter implements SpanProcessor {
  readonly #options: TracePrinterOptions;
  // Ended spans whose local root is open, in the order in which they came.
  readonly #open = new Map<object, ReadableSpan[]>();
  #spans = 0;
  // Whose local root has been printed: what still comes is late.
  readonly #printed = new WeakSet<object>();
  #isShutDown = false;

  constructor(options: TracePrinterOptions) {
    this.#options = options;
  }

  onEnd(span: ReadableSpan): void {
    if (this.#isShutDown) return;
    const root = this.#options.rootOf(span);
    if (span.isLocalRoot) {
      this.#print(root, [...this.#take(root), span]);
    } else if (this.#printed.has(root)) {
      this.#print(root, [span], 'late');
    } else {
      const held = this.#open.get(root);
      if (held === undefined) this.#open.set(root, [span]);
      else held.push(span);
      this.#spans++;
      if (this.#open.size > MAX_TRACES || this.#spans > MAX_SPANS) this.#printOldest('partial');
    }
  }

  /** Does nothing: traces that are complete have been printed. */
  async forceFlush(): Promise<FlushResult> {
    return { exported: 0, pending: this.#spans, dropped: 0 };
  }

  /** Prints what is held, marked as unfinished. */
  async shutdown(): Promise<FlushResult> {
    this.#isShutDown = true;
    while (this.#open.size > 0) this.#printOldest('unfinished');
    return { exported: 0, pending: 0, dropped: 0 };
  }

  #printOldest(note: TracePart['note']): void {
    const [root] = this.#open.keys();
    this.#print(root, this.#take(root), note);
  }

  #take(root: object): ReadableSpan[] {
    const held = this.#open.get(root) ?? [];
    this.#open.delete(root);
    this.#spans -= held.length;
    return held;
  }

  #print(root: object, spans: ReadableSpan[], note?: TracePart['note']): void {
    this.#printed.add(root);
    try {
      this.#options.write(this.#textOf(spans, note));
    } catch (error) {
      // One span that is too large for a string must not take the others with it.
      if (spans.length > 1) for (const span of spans) this.#print(root, [span], note);
      else this.#options.onError(error);
    }
  }

  #textOf(spans: ReadableSpan[], note: TracePart['note']): string {
    if (this.#options.format === 'json') return `${escaped(requestJson(spans))}\n`;
    return waterfall({ traceId: spans[0].spanContext().traceId, spans, note }, STYLE);
  }
}

/** The same JSON in characters that a terminal shows and does not obey. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
