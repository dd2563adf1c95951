// Shorter words are no secrets, and may be part of any.
const LEAST_SECRET = 5;

/**
 * What is not to be in a message: the words of the user's headers, and what the query of the URL holds, as they are and as
 * they are encoded. The longest come first, since they may hold others.
 */
export function secretsOf(headers: Record<string, string>, url: string, others: Record<string, string>): string[] {
  const { search, searchParams } = new URL(url);
  const texts = [search, ...searchParams.values()];
  for (const name in headers) if (!(name in others)) texts.push(headers[name]);
  const words = texts.flatMap((text) => [text, ...text.split(/[^!#-+\--:<>-~]+|=+(?=.)/)]);
  for (const word of [...words]) {
    try {
      // As the password of basic authentication is.
      words.push(...atob(word).split(':'));
    } catch {
      // No base64.
    }
  }
  return words.filter(({ length }) => length >= LEAST_SECRET).sort((a, b) => b.length - a.length);
}
