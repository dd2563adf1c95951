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

// Older browsers lack the symbol; `using` as compilers write it out looks it up under the same name.
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

// Bits of `_flags` beyond the eight of W3C, where OTLP has them: bit 8 says that bit 9 is known, bit 9 that the span
// (of one that is recorded: its parent) is in another process.
export const W3C_FLAGS = 0xff;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
// TraceFlags.RANDOM.
export const RANDOM_FLAG = 2;

/** True where the flags say that the span goes to a backend. */
export function isSampled(flags: number): boolean {
  return (flags & 1) !== 0;
}

/**
 * A span that passes a trace on and keeps nothing: one that was not sampled, or one of another process. Its only
 * content is what its span context needs: ids as 32-bit words, from which hexadecimal digits are made for those who
 * ask. Recording spans inherit that.
 */
export class NonRecordingSpan implements Span {
  // The trace id …
  _word0: number;
  _word1: number;
  _word2: number;
  _word3: number;
  // … and that of the span; all zero where there is no span, and it is nobody's parent.
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

/** What is returned where there is nothing to pass on: before `initialize`, and outside of every trace. */
export const INVALID_SPAN: Span = /* @__PURE__ */ nonRecordingSpan(INVALID_SPAN_CONTEXT);

/** A span that stands for a span context, of another process as a rule; children can be started under it. */
export function nonRecordingSpan(context: SpanContext): NonRecordingSpan {
  return spanOf(context, context ?? INVALID_SPAN_CONTEXT);
}

/** The same, whose `spanContext()` returns `kept`; without that, a new object. */
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
 * The span to hand out where nothing is recorded, so that the trace of `parent` goes on. Never a recording parent
 * itself: whoever ends its child would end it.
 */
export function passOn(parent: unknown): Span {
  if (parent === undefined) return INVALID_SPAN;
  return parent instanceof NonRecordingSpan && !parent.isRecording() ? parent : nonRecordingSpan(spanContextOf(parent));
}
