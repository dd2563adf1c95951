import { runtime } from '#platform';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { FlushResult, SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan, RecordingSpan } from '../core/span.ts';
import { requestJson } from './otlp/json.ts';
import { traceTree, UNPRINTABLE } from './trace-tree.ts';

/** How spans are printed: `pretty` for people, `json` for programs, one OTLP/JSON request a line. */
export type StdoutFormat = 'pretty' | 'json';

/** Settings of a {@link StdoutSpanProcessor}. */
export interface StdoutSpanProcessorOptions {
  /** Default: `pretty`. */
  format?: StdoutFormat;
  /** Takes the text, whole lines at a time. Default: standard output; the console where there is none. */
  write?: (text: string) => void;
}

// Traces whose root is still open are held. A root that never ends must not hold its children for ever.
const MAX_TRACES = 1_000;
const MAX_SPANS = 10_000;

/**
 * Prints the spans of a trace when its local root ends. What ends after the root is printed by itself.
 */
export class StdoutSpanProcessor implements SpanProcessor {
  private readonly format: StdoutFormat;
  private readonly write: (text: string) => void;
  // Ended spans whose local root is open, in the order in which they came.
  private readonly open = new Map<RecordingSpan, ReadableSpan[]>();
  private spans = 0;
  // Whose local root has been printed: what still comes is late.
  private readonly printed = new WeakSet<RecordingSpan>();
  private isShutDown = false;

  constructor({ format = 'pretty', write = runtime.writeOut }: StdoutSpanProcessorOptions = {}) {
    this.format = format;
    this.write = write;
  }

  onEnd(span: ReadableSpan): void {
    if (this.isShutDown) return;
    const root = (span as RecordingSpan)._root;
    if (span.isLocalRoot) {
      this.print(root, [...this.take(root), span], '');
    } else if (this.printed.has(root)) {
      this.print(root, [span], 'late');
    } else {
      const held = this.open.get(root);
      if (held === undefined) this.open.set(root, [span]);
      else held.push(span);
      this.spans++;
      if (this.open.size > MAX_TRACES || this.spans > MAX_SPANS) this.printOldest('partial');
    }
  }

  /** Does nothing: traces that are complete have been printed. */
  async forceFlush(): Promise<FlushResult> {
    return { exported: 0, pending: this.spans, dropped: 0 };
  }

  /** Prints what is held, marked as unfinished. */
  async shutdown(): Promise<FlushResult> {
    this.isShutDown = true;
    while (this.open.size > 0) this.printOldest('unfinished');
    return { exported: 0, pending: 0, dropped: 0 };
  }

  private printOldest(note: string): void {
    const [root] = this.open.keys();
    this.print(root, this.take(root), note);
  }

  private take(root: RecordingSpan): ReadableSpan[] {
    const held = this.open.get(root) ?? [];
    this.open.delete(root);
    this.spans -= held.length;
    return held;
  }

  private print(root: RecordingSpan, spans: ReadableSpan[], note: string): void {
    this.printed.add(root);
    try {
      this.write(`${this.textOf(spans, note)}\n`);
    } catch (error) {
      // One span that is too large for a string must not take the others with it.
      if (spans.length > 1) for (const span of spans) this.print(root, [span], note);
      else report('print_failed', `a span could not be printed: ${messageOf(error)}`, 'error');
    }
  }

  private textOf(spans: ReadableSpan[], note: string): string {
    return this.format === 'json' ? escaped(requestJson(spans)) : traceTree(spans, note);
  }
}

/** The same JSON in characters that a terminal shows and does not obey. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
