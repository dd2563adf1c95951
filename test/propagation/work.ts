const SEARCHES = ['split', 'indexOf', 'lastIndexOf', 'includes', 'replace', 'toLowerCase'];

type Method = (this: unknown, ...given: unknown[]) => unknown;

/**
 * Returns the number of characters that are passed to built-in string and pattern functions during `run`. It measures a
 * parser's work independently of the machine.
 */
export function workOf(run: () => void): number {
  let work = 0;
  const undo: (() => void)[] = [];
  const count = (
    prototype: object,
    name: string,
    textOf: (self: unknown, given: unknown[], result: unknown) => unknown,
  ) => {
    const methods = prototype as Record<string, Method>;
    const original = methods[name];
    methods[name] = function (...given) {
      const result = original.apply(this, given);
      work += (textOf(this, given, result) as string).length;
      return result;
    };
    undo.push(() => {
      methods[name] = original;
    });
  };
  for (const name of SEARCHES) count(String.prototype, name, (self) => self);
  for (const name of ['slice', 'trim']) count(String.prototype, name, (_self, _given, result) => result);
  count(String.prototype, 'charCodeAt', () => 'c');
  for (const name of ['exec', 'test']) count(RegExp.prototype, name, (_self, [text]) => text);
  try {
    run();
  } finally {
    for (const restore of undo) restore();
  }
  return work;
}
