// Assertions that need only the language, because some runtimes have no `node:assert`.

/** @throws Error with `what` and both values, if they differ in more than the order of keys. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, shouldBe] = [shown(actual), shown(expected)];
  if (is !== shouldBe) throw new Error(`${what}: ${is} instead of ${shouldBe}`);
}

/** @throws Error with `what`, if `condition` is false. */
export function expectTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** @throws Error if `action` throws no error whose text contains `message`. */
export function expectThrows(action: () => unknown, message: string): void {
  let thrown: unknown = 'nothing was thrown';
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expectTrue(String(thrown).includes(message), `${thrown} instead of an error with "${message}"`);
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (ArrayBuffer.isView(value)) return `bytes(${value})`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, member]) => `${key}: ${shown(member)}`)
    .join(', ')}}`;
}
