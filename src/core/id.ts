import { fillRandom } from '#platform';

/**
 * Makes the ids of new traces and spans. Hand one to `TracerProvider` to replace the built-in
 * generator, whose ids are random.
 *
 * Specification: OpenTelemetry Trace SDK, "Id Generators".
 */
export interface IdGenerator {
  /** 32 lower-case hexadecimal digits, not all zero. */
  generateTraceId(): string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  generateSpanId(): string;
  /** True where the last 7 bytes of every trace id are random; sets the W3C random flag. Default: false. */
  readonly randomTraceIds?: boolean;
}

// 4,096 words are 680 root spans. A draw from the pool costs 2 ns and its share of the filling 0.9; with 1,024 words
// that share is 2 ns, and a call for random bits of its own costs 2,000 (Node 20).
const POOL_WORDS = 4096;
let pool: Int32Array<ArrayBuffer> | undefined;
let next = 0;

/**
 * 32 random bits as a signed integer. The pool is filled by the first draw and not when the
 * module loads, because Workers forbid random values at module scope.
 */
export function randomWord(): number {
  if (next === 0) {
    pool ??= new Int32Array(POOL_WORDS);
    fillRandom(pool);
    next = POOL_WORDS;
  }
  return (pool as Int32Array)[--next];
}

/** The hexadecimal digits of 32-bit words, eight each. */
export function hexOf(...words: number[]): string {
  return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** The 32-bit word that eight hexadecimal digits of `hex` spell, from `offset`. */
export function wordOfHex(hex: string, offset: number): number {
  return Number.parseInt(hex.slice(offset, offset + 8), 16) | 0;
}

/** A word of an id that is given, or a random one. Not 0, since an id that is all zero is invalid. */
export function wordOf(hex: string | undefined, offset: number): number {
  return hex === undefined ? randomWord() || 1 : wordOfHex(hex, offset);
}

/** The built-in generator, for those who wrap it: random ids from the Web Crypto API. */
export class RandomIdGenerator implements IdGenerator {
  readonly randomTraceIds = true;

  generateTraceId(): string {
    return hexOf(randomWord(), randomWord(), randomWord(), randomWord() || 1);
  }

  generateSpanId(): string {
    return hexOf(randomWord(), randomWord() || 1);
  }
}
