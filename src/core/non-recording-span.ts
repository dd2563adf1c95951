import { ROOT_CONTEXT, setSpan } from './context.ts';
import { callbackMissing } from './diagnostic.ts';
import { hexOfWord, wordOfHex } from './id.ts';
import { type LocalTrace, traceOfId } from './local-trace.ts';
import { processState } from './process-state.ts';
import type { Span } from './span.ts';
import { INVALID_SPAN_CONTEXT, isSpanContextValid, type SpanContext } from './span-context.ts';
import { spanContextOf } from './span-source.ts';

const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

/**
 * A span that passes a trace on and keeps nothing: one that was not sampled, or one of another process.
 * Its only content is what its span context needs.
 */
export class NonRecordingSpan implements Span {
  /** `undefined` where the span context is invalid: then it is nobody's parent. */
  readonly trace: LocalTrace | undefined;
  readonly flags: number;
  readonly idHigh: number;
  readonly idLow: number;
  readonly isRemote: boolean;
  private context: SpanContext | undefined;

  constructor(
    trace: LocalTrace | undefined,
    flags: number,
    idHigh: number,
    idLow: number,
    isRemote: boolean,
    context: SpanContext | undefined,
  ) {
    this.trace = trace;
    this.flags = flags;
    this.idHigh = idHigh;
    this.idLow = idLow;
    this.isRemote = isRemote;
    this.context = context;
  }

  spanContext(): SpanContext {
    if (this.context === undefined) {
      const trace = this.trace as LocalTrace;
      this.context = {
        traceId: trace.traceId,
        spanId: hexOfWord(this.idHigh) + hexOfWord(this.idLow),
        traceFlags: this.flags,
      };
      if (trace.traceState !== undefined) this.context.traceState = trace.traceState;
    }
    return this.context;
  }

  run<T>(callback: () => T): T {
    if (typeof callback !== 'function') return callbackMissing() as T;
    const { contextStorage } = processState;
    return contextStorage.run(setSpan(contextStorage.getStore() ?? ROOT_CONTEXT, this), callback);
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}

  end(): void {}

  [DISPOSE](): void {}
}

/** What is returned where there is nothing to pass on: before `initialize`, and outside of every trace. */
export const INVALID_SPAN: Span = /* @__PURE__ */ new NonRecordingSpan(undefined, 0, 0, 0, false, INVALID_SPAN_CONTEXT);

/** A span that stands for a span context, of another process as a rule; children can be started under it. */
export function nonRecordingSpan(context: SpanContext): NonRecordingSpan {
  if (!isSpanContextValid(context)) {
    return new NonRecordingSpan(undefined, 0, 0, 0, false, context ?? INVALID_SPAN_CONTEXT);
  }
  const { traceId, spanId, traceFlags, traceState, isRemote } = context;
  return new NonRecordingSpan(
    traceOfId(traceId, traceState),
    traceFlags & 0xff,
    wordOfHex(spanId, 0),
    wordOfHex(spanId, 8),
    isRemote === true,
    context,
  );
}

/**
 * The span to hand out where nothing is recorded, so that the trace of `parent` goes on. Never a recording parent
 * itself: whoever ends its child would end it.
 */
export function passOn(parent: unknown): Span {
  if (parent === undefined) return INVALID_SPAN;
  return parent instanceof NonRecordingSpan ? parent : nonRecordingSpan(spanContextOf(parent));
}
