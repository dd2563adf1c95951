/** Headers by name, or a function that returns them, called before each request, for example for tokens that expire. */
export type OtlpHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** Returns headers with lower-case names. Throws a `TypeError` that names `setting` and any header that is invalid. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  // The entries of a Map or a Headers object are not properties, so the loop below would find none.
  if (Object(headers) !== headers || Symbol.iterator in headers) {
    throw new TypeError(`${setting}: a plain object of names and values is required`);
  }
  for (const name in headers) {
    const value: unknown = headers[name];
    const [token] = /^[\w!#-'*+.^`|~-]*/.exec(name) as RegExpExecArray;
    if (!token || token !== name || typeof value !== 'string' || /[^\t -~\x80-\xff]/.test(value)) {
      // Leave out the value, and the name after the first invalid character: both are likely to contain a secret.
      const shown = JSON.stringify(name.slice(0, token.length + 1));
      throw new TypeError(
        `${setting}: ${shown} is not a valid header: names must be tokens, values Latin-1 strings${typeof value === 'string' ? '' : ` (not ${typeof value})`}`,
      );
    }
    result[name.toLowerCase()] = value;
  }
  return result;
}
