import type { Attributes, AttributeValue } from './attributes.ts';
import type { TimeInput } from './clock.ts';
import { ROOT_CONTEXT, setSpan } from './context.ts';
import { callbackMissing } from './diagnostic.ts';
import { hexOf, wordOfHex } from './id.ts';
import type { LinkInput } from './link.ts';
import { processState } from './process-state.ts';
import type { Span } from './span.ts';
import { INVALID_SPAN_CONTEXT, isSpanContextValid, type SpanContext, type TraceState } from './span-context.ts';
import { spanContextOf } from './span-source.ts';
import type { SpanStatus } from './status.ts';

// Older browsers lack the symbol. Compiled `using` declarations look it up under the same name.
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

// Bits of `_flags` above the eight of W3C, placed as in OTLP. Bit 8 says that bit 9 is known. Bit 9 says that the span
// is remote; on a recording span, it says so of the parent.
export const W3C_FLAGS = 0xff;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
// The same as `TraceFlags.RANDOM`.
export const RANDOM_FLAG = 2;

/** Returns true if the flags say that the span goes to a backend. */
export function isSampled(flags: number): boolean {
  return (flags & 1) !== 0;
}

/**
 * A span that propagates a trace and stores nothing: one that was not sampled, or one of another process. It holds only
 * what its span context needs: ids as 32-bit words, which become hexadecimal digits on demand. Recording spans inherit
 * this.
 */
export class NonRecordingSpan implements Span {
  // The trace id …
  _word0: number;
  _word1: number;
  _word2: number;
  _word3: number;
  // … and the span id. Both words are zero if there is no span; then it is nobody's parent.
  readonly _idHigh: number;
  readonly _idLow: number;
  _flags: number;
  readonly _traceState: TraceState | undefined;
  private _context: SpanContext | undefined;

  constructor(
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    idHigh: number,
    idLow: number,
    flags: number,
    traceState: TraceState | undefined,
    context: SpanContext | undefined,
  ) {
    this._word0 = word0;
    this._word1 = word1;
    this._word2 = word2;
    this._word3 = word3;
    this._idHigh = idHigh;
    this._idLow = idLow;
    this._flags = flags;
    this._traceState = traceState;
    this._context = context;
  }

  spanContext(): SpanContext {
    if (this._context === undefined) {
      const { _word0, _word1, _word2, _word3, _traceState } = this;
      this._context = {
        traceId: hexOf(_word0, _word1, _word2, _word3),
        spanId: hexOf(this._idHigh, this._idLow),
        traceFlags: this._flags & W3C_FLAGS,
      };
      if (_traceState !== undefined) this._context.traceState = _traceState;
    }
    return this._context;
  }

  run<T>(callback: () => T): T {
    if (typeof callback !== 'function') return callbackMissing() as T;
    const { contextStorage } = processState;
    return contextStorage.run(setSpan(contextStorage.getStore() ?? ROOT_CONTEXT, this), callback);
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(key: string, value: AttributeValue | null | undefined): this;
  setAttribute(): this {
    return this;
  }

  setAttributes(attributes: Attributes): this;
  setAttributes(): this {
    return this;
  }

  addEvent(name: string, attributesOrStartTime?: Attributes | TimeInput, startTime?: TimeInput): this;
  addEvent(): this {
    return this;
  }

  addLink(link: LinkInput): this;
  addLink(): this {
    return this;
  }

  addLinks(links: readonly LinkInput[]): this;
  addLinks(): this {
    return this;
  }

  setStatus(status: SpanStatus): this;
  setStatus(): this {
    return this;
  }

  updateName(name: string): this;
  updateName(): this {
    return this;
  }

  recordException(exception: unknown, time?: TimeInput): void;
  recordException(): void {}

  end(endTime?: TimeInput): void;
  end(): void {}

  [DISPOSE](): void {
    if (this.isRecording()) this.end();
  }
}

/**
 * The span that functions return if there is no trace to propagate: before `initialize`, and outside of every trace.
 */
export const INVALID_SPAN: Span = /* @__PURE__ */ nonRecordingSpan(INVALID_SPAN_CONTEXT);

/** Returns a span that stands for a span context, usually one of another process. You can start children under it. */
export function nonRecordingSpan(context: SpanContext): NonRecordingSpan {
  return spanOf(context, context ?? INVALID_SPAN_CONTEXT);
}

/** Does the same, but `spanContext()` returns `kept`, or a new object without it. */
export function spanOf(context: SpanContext, kept?: SpanContext): NonRecordingSpan {
  const { traceId, spanId, traceFlags, traceState, isRemote } = isSpanContextValid(context)
    ? context
    : INVALID_SPAN_CONTEXT;
  return new NonRecordingSpan(
    wordOfHex(traceId, 0),
    wordOfHex(traceId, 8),
    wordOfHex(traceId, 16),
    wordOfHex(traceId, 24),
    wordOfHex(spanId, 0),
    wordOfHex(spanId, 8),
    (typeof traceFlags === 'number' ? traceFlags & W3C_FLAGS : 0) | (isRemote === true ? IS_REMOTE : 0),
    traceState,
    kept,
  );
}

/**
 * Returns the span to hand out if nothing is recorded, so that the trace of `parent` goes on. This is never a recorded
 * parent itself, open or ended: code that ends the child would end the parent.
 */
export function passOn(parent: unknown): Span {
  if (parent === undefined) return INVALID_SPAN;
  return parent instanceof NonRecordingSpan && parent.constructor === NonRecordingSpan
    ? parent
    : nonRecordingSpan(spanContextOf(parent));
}
