import type { FlushOptions, FlushResult, SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan } from '../core/span.ts';
import { durationText } from './duration.ts';
import { requestJson } from './otlp/json.ts';
import { printable } from './text-width.ts';
import { type ShapeSummary, TraceShapes, WINDOW_MILLIS } from './trace-shapes.ts';
import { type WaterfallStyle, waterfall } from './waterfall.ts';

/** How spans are printed: `pretty` for people, `json` for programs, one OTLP/JSON request a line. */
export type StdoutFormat = 'pretty' | 'json';

/** What a {@link TracePrinter} works with. */
export interface TracePrinterOptions {
  readonly format: StdoutFormat;
  /** Takes the text, whole lines at a time; and is told whether an error is in it. */
  readonly write: (text: string, hasFailed: boolean) => void;
  /** Resolves when what was written is out, or the time is up. */
  readonly drained: (options: FlushOptions | undefined) => Promise<unknown>;
  /** The local root of a span: what all spans below it have in common. */
  readonly rootOf: (span: ReadableSpan) => ReadableSpan;
  /** Told why a span could not be printed. */
  readonly onError: (error: unknown) => void;
  /** Asked before each print, since a terminal changes its size. */
  readonly style: () => WaterfallStyle;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  /** Calls back after so many milliseconds, and does not keep the process for it; `undefined` where nothing outlives a request. */
  readonly later: ((callback: () => void, millis: number) => unknown) | undefined;
}

/** Spans below one local root that have not been printed. */
interface Held {
  readonly root: ReadableSpan;
  readonly spans: ReadableSpan[];
  /** When the first of them came. */
  readonly since: number;
  /** What was above them has been printed. */
  readonly isLate: boolean;
}

// Traces whose root is still open are held. A root that never ends must not hold its children for ever.
const MAX_TRACES = 1_000;
const MAX_SPANS = 10_000;
// A person looks on: so long they wait for a root.
const PATIENCE_MILLIS = 10_000;

// What a terminal would obey, or lose its direction by; in JSON.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Prints the spans of a trace when its local root ends. Takes nothing from the core but what reads a span: in pages it is a
 * module that is loaded on demand, and what it shared with others would be loaded, too.
 */
export class TracePrinter implements SpanProcessor {
  readonly #options: TracePrinterOptions;
  // In the order in which their first spans came.
  readonly #held = new Map<object, Held>();
  #spans = 0;
  // What has been printed, at least in part: what still comes is late.
  readonly #printed = new WeakSet<object>();
  readonly #shapes = new TraceShapes();
  #isWaiting = false;
  #isShutDown = false;

  constructor(options: TracePrinterOptions) {
    this.#options = options;
  }

  onEnd(span: ReadableSpan): void {
    if (this.#isShutDown) return;
    const { later, now, rootOf } = this.#options;
    const root = rootOf(span);
    const isLate = this.#printed.has(root);
    if (span.isLocalRoot) this.#printWhole(root, [...this.#take(root), span], isLate);
    // Programs read line by line, and where no timer is there is no later.
    else if (isLate && (this.#isJson || later === undefined)) this.#print(root, [span], 'late');
    else {
      const held = this.#held.get(root);
      if (held === undefined) this.#held.set(root, { root, spans: [span], since: now(), isLate });
      else held.spans.push(span);
      this.#spans++;
      if (this.#held.size > MAX_TRACES || this.#spans > MAX_SPANS) {
        const [oldest] = this.#held.values();
        this.#printHeld(oldest, 'partial');
      }
    }
    this.#lookLater();
  }

  /** Prints what nothing is to be waited for; traces whose root is open stay. */
  async forceFlush(options?: FlushOptions): Promise<FlushResult> {
    this.#summarize();
    for (const held of this.#held.values()) if (held.isLate) this.#printHeld(held, 'late');
    await this.#options.drained(options);
    return { exported: 0, pending: this.#spans, dropped: 0 };
  }

  /** Prints what is held, marked as unfinished. */
  async shutdown(options?: FlushOptions): Promise<FlushResult> {
    this.#isShutDown = true;
    this.#summarize();
    for (const held of this.#held.values()) this.#printHeld(held, 'unfinished');
    await this.#options.drained(options);
    return { exported: 0, pending: 0, dropped: 0 };
  }

  get #isJson(): boolean {
    return this.#options.format === 'json';
  }

  /** Every second, as long as there is something to see to. */
  #lookLater(): void {
    const { later, now } = this.#options;
    if (later === undefined) this.#look(now());
    else if (!this.#isWaiting && !this.#isJson) {
      this.#isWaiting = true;
      later(() => {
        this.#isWaiting = false;
        if (this.#isShutDown) return;
        this.#look(now());
        if (this.#held.size > 0) this.#lookLater();
      }, WINDOW_MILLIS);
    }
  }

  #look(now: number): void {
    if (this.#isJson) return;
    if (this.#shapes.isOver(now)) this.#summarize();
    for (const held of this.#held.values()) {
      if (held.isLate) this.#printHeld(held, 'late');
      else if (now - held.since >= PATIENCE_MILLIS) this.#printHeld(held, 'partial');
    }
  }

  #take(root: object): readonly ReadableSpan[] {
    const held = this.#held.get(root);
    if (held === undefined) return [];
    this.#held.delete(root);
    this.#spans -= held.spans.length;
    return held.spans;
  }

  #printWhole(root: ReadableSpan, spans: readonly ReadableSpan[], isLate: boolean): void {
    if (!this.#isJson && !isLate) {
      const now = this.#options.now();
      if (this.#shapes.isOver(now)) this.#summarize();
      if (!this.#shapes.admit(root, spans, now)) {
        this.#printed.add(root);
        return;
      }
    }
    this.#print(root, spans, isLate ? 'late' : undefined);
  }

  #printHeld({ root, isLate }: Held, note: string): void {
    this.#print(root, this.#take(root), isLate ? 'late' : note);
  }

  #print(root: ReadableSpan, spans: readonly ReadableSpan[], note: string | undefined): void {
    const isContinued = this.#printed.has(root);
    this.#printed.add(root);
    const { write, onError, style } = this.#options;
    try {
      if (this.#isJson) write(`${escaped(requestJson([...spans]))}\n`, false);
      else {
        // The one above them, too, which is still open.
        const open = root.ended || isContinued ? undefined : root;
        write(waterfall({ spans, open, note }, style()), spans.some(isFailed));
      }
    } catch (error) {
      // One span that is too large for a string must not take the others with it.
      if (spans.length > 1) for (const span of spans) this.#print(root, [span], note);
      else onError(error);
    }
  }

  /** A line for each kind of trace of which there were too many. */
  #summarize(): void {
    for (const summary of this.#shapes.take()) {
      this.#options.write(summaryLine(summary, this.#options.style()), summary.errors > 0);
    }
  }
}

function isFailed({ status }: ReadableSpan): boolean {
  // SpanStatusCode.ERROR
  return status.code === 2;
}

function summaryLine({ name, spans, count, errors, p50, p95 }: ShapeSummary, style: WaterfallStyle): string {
  const [ellipsis, micro] = style.hasUnicode ? ['…', 'µ'] : ['...', 'u'];
  const of =
    name === undefined ? 'other traces' : `${count === 1 ? 'trace' : 'traces'} like ${printable(name.slice(0, 100))}`;
  const shape = name === undefined ? '' : ` (${spans} ${spans === 1 ? 'span' : 'spans'})`;
  const times = `p50 ${durationText(p50, micro)}, p95 ${durationText(p95, micro)}`;
  const failed = `${errors} ${errors === 1 ? 'error' : 'errors'}`;
  const shown = errors > 0 && style.hasColor ? `\x1b[31m${failed}\x1b[0m` : failed;
  return `${ellipsis} ${count.toLocaleString('en')} more ${of}${shape}  ${times}, ${shown}\n`;
}

/** The same JSON in characters that a terminal shows and does not obey. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
