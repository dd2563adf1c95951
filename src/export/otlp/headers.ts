/** Headers by name, or a function that is asked for them before each request, as tokens that expire need it. */
export type OtlpHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** Headers in lower case; throws a `TypeError` that names `setting` and the header that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  // A Map or Headers would have none that could be seen.
  if (Object(headers) !== headers || Symbol.iterator in headers) {
    throw new TypeError(`${setting}: a plain object of names and values is required`);
  }
  for (const name in headers) {
    const value: unknown = headers[name];
    const [token] = /^[\w!#-'*+.^`|~-]*/.exec(name) as RegExpExecArray;
    if (!token || token !== name || typeof value !== 'string' || /[^\t -~\x80-\xff]/.test(value)) {
      // The value stays out of the message, and what stands behind a wrong character: both are likely to be a secret.
      const shown = JSON.stringify(name.slice(0, token.length + 1));
      throw new TypeError(
        `${setting}: ${shown} is not a header: names are tokens, values Latin-1 text${typeof value === 'string' ? '' : `, and not ${typeof value}`}`,
      );
    }
    result[name.toLowerCase()] = value;
  }
  return result;
}
