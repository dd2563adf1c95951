// Shorter words are not secrets, and may be part of any other word.
const LEAST_SECRET = 5;

/**
 * Returns what messages must not contain: the words in the user's headers and in the query of the URL, both decoded and
 * as written. The longest come first, since they may contain others.
 */
export function secretsOf(headers: Record<string, string>, url: string, others: Record<string, string>): string[] {
  const { search, searchParams } = new URL(url);
  const texts = [search, ...searchParams.values()];
  for (const name in headers) if (!(name in others)) texts.push(headers[name]);
  const words = texts.flatMap((text) => [text, ...text.split(/[^!#-+\--:<>-~]+|=+(?=.)/)]);
  for (const word of [...words]) {
    try {
      // Basic authentication encodes `user:password` in base64.
      words.push(...atob(word).split(':'));
    } catch {
      // Not base64.
    }
  }
  return words.filter(({ length }) => length >= LEAST_SECRET).sort((a, b) => b.length - a.length);
}
