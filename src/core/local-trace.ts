import type { Anchor } from './clock.ts';
import { hexOfWord, randomWord, wordOfHex } from './id.ts';
import type { TraceState } from './span-context.ts';

/**
 * What the spans that a trace has in this process share: its id as four 32-bit words, its trace state and the
 * anchor of its times. Made by the local root; children carry one reference instead of six fields.
 */
export class LocalTrace {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly traceState: TraceState | undefined;
  /** The trace as its local root has it: what the spans below one local root have in common. */
  root: LocalTrace;
  /** Set by the first recording span. */
  anchor: Anchor | undefined = undefined;
  private hex: string | undefined;

  constructor(
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    traceState: TraceState | undefined,
    hex: string | undefined,
  ) {
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
    this.word3 = word3;
    this.traceState = traceState;
    this.hex = hex;
    this.root = this;
  }

  /** 32 hexadecimal digits, made when somebody asks. */
  get traceId(): string {
    this.hex ??= hexOfWord(this.word0) + hexOfWord(this.word1) + hexOfWord(this.word2) + hexOfWord(this.word3);
    return this.hex;
  }

  /** The same trace for another local root: without an anchor where the original has none yet. */
  copy(traceState: TraceState | undefined): LocalTrace {
    const trace = new LocalTrace(this.word0, this.word1, this.word2, this.word3, traceState, this.hex);
    trace.anchor = this.anchor;
    trace.root = this.root;
    return trace;
  }
}

/** A trace with a random id. */
export function randomTrace(): LocalTrace {
  // The odds of four zero words are 2^-128; of these two, 2^-64: then the last is made 1, and the id is valid.
  const word2 = randomWord();
  const word3 = randomWord();
  return new LocalTrace(randomWord(), randomWord(), word2, (word2 | word3) === 0 ? 1 : word3, undefined, undefined);
}

/** The trace of an id that came from elsewhere; `traceId` is valid. */
export function traceOfId(traceId: string, traceState: TraceState | undefined): LocalTrace {
  return new LocalTrace(
    wordOfHex(traceId, 0),
    wordOfHex(traceId, 8),
    wordOfHex(traceId, 16),
    wordOfHex(traceId, 24),
    traceState,
    traceId,
  );
}
