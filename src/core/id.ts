import { fillRandom } from '#platform';

/**
 * Generates the ids of new traces and spans. Pass one to `TracerProvider` to replace the built-in generator, whose ids
 * are random.
 *
 * Specification: OpenTelemetry Trace SDK, "Id Generators".
 */
export interface IdGenerator {
  /** Returns 32 lower-case hexadecimal digits, not all zero. */
  generateTraceId(): string;
  /** Returns 16 lower-case hexadecimal digits, not all zero. */
  generateSpanId(): string;
  /** True if the last 7 bytes of every trace id are random. It sets the W3C random flag. Default: false. */
  readonly randomTraceIds?: boolean;
}

// 4,096 words are enough for 680 root spans. A draw costs 2 ns, and filling the pool another 2 ns per word; with 1,024
// words, filling costs 4. A separate call for random bits costs 900 ns (Node 20).
const POOL_WORDS = 4096;

// The words that a span draws: its id and, for a new trace, the trace id after it. Drawing both at once saves 4 % of an
// unsampled span.
export const SPAN_WORDS = 2;
export const ROOT_WORDS = 6;

/** The source of new ids: 32-bit words. They are random only in the range that `draw` has returned. */
export const pool: Int32Array<ArrayBuffer> = /* @__PURE__ */ new Int32Array(POOL_WORDS);
let left = 0;

/**
 * Draws `count` unused random words and returns their position in the pool. The second and the last word are never 0:
 * an id that is all zero is invalid, and these words end the span id and the trace id. Drawing them together takes
 * 190 ns for a root span, one by one 270 (Node 20). The first draw fills the pool, because Workers forbid random values
 * at module scope.
 */
export function draw(count: number): number {
  if (left < count) {
    fillRandom(pool);
    left = POOL_WORDS;
  }
  const last = left - 1;
  left -= count;
  if (pool[left + 1] === 0) pool[left + 1] = 1;
  if (pool[last] === 0) pool[last] = 1;
  return left;
}

/** Returns the hexadecimal digits of 32-bit words, eight for each. */
export function hexOf(...words: number[]): string {
  return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Returns the 32-bit word that the eight hexadecimal digits of `hex` at `offset` spell. */
export function wordOfHex(hex: string, offset: number): number {
  return Number.parseInt(hex.slice(offset, offset + 8), 16) | 0;
}

/** Returns a new id of this many words. */
export function randomId(words: 2 | 4): string {
  const at = draw(words);
  return hexOf(...pool.subarray(at, at + words));
}

/** The built-in generator, for you to wrap. Its ids are random bits that nobody can predict. */
export class RandomIdGenerator implements IdGenerator {
  readonly randomTraceIds = true;

  generateTraceId(): string {
    return randomId(4);
  }

  generateSpanId(): string {
    return randomId(2);
  }
}
