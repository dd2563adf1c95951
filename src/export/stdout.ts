import { runtime } from '#platform';
import type { FlushResult, SpanProcessor } from '../core/processor.ts';
import type { ReadableSpan, Span } from '../core/span.ts';
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
  // Ended spans of traces whose root is open, by trace id and in the order in which they came.
  private readonly open = new Map<string, ReadableSpan[]>();
  private spans = 0;
  // Traces that have been printed: what still comes of them is late. The oldest are forgotten.
  private readonly printed = new Set<string>();
  private isShutDown = false;

  constructor({ format = 'pretty', write = runtime.writeOut }: StdoutSpanProcessorOptions = {}) {
    this.format = format;
    this.write = write;
  }

  /** A trace that comes back, as with the next request of the same client, has new children to wait for. */
  onStart(span: Span): void {
    if ((span as unknown as ReadableSpan).isLocalRoot) this.printed.delete(span.spanContext().traceId);
  }

  onEnd(span: ReadableSpan): void {
    if (this.isShutDown) return;
    const { traceId } = span.spanContext();
    if (span.isLocalRoot) {
      this.print(traceId, [...this.take(traceId), span], '');
    } else if (this.printed.has(traceId)) {
      this.print(traceId, [span], 'late');
    } else {
      const held = this.open.get(traceId);
      if (held === undefined) this.open.set(traceId, [span]);
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
    const [traceId] = this.open.keys();
    this.print(traceId, this.take(traceId), note);
  }

  private take(traceId: string): ReadableSpan[] {
    const held = this.open.get(traceId) ?? [];
    this.open.delete(traceId);
    this.spans -= held.length;
    return held;
  }

  private print(traceId: string, spans: ReadableSpan[], note: string): void {
    this.printed.add(traceId);
    if (this.printed.size > MAX_TRACES) {
      const [oldest] = this.printed;
      this.printed.delete(oldest);
    }
    this.write(`${this.format === 'json' ? escaped(requestJson(spans)) : traceTree(spans, note)}\n`);
  }
}

/** The same JSON in characters that a terminal shows and does not obey. */
function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
