/** Fills `words` using the Web Crypto API. */
export function fillRandom(words: Int32Array<ArrayBuffer>): void {
  crypto.getRandomValues(words);
}
