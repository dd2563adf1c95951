/**
 * Returns the defaults, overridden by the numbers in `given`.
 *
 * @param prefix - Precedes an option's name in messages, such as `spanLimits.`.
 * @param least - Smaller numbers are refused.
 * @throws RangeError naming an option that is unknown or not such a number.
 */
export function numberOptions<T extends { [name in keyof T]: number }>(
  defaults: Readonly<T>,
  given: Partial<T> | undefined,
  prefix: string,
  least: number,
): T {
  const options: T = { ...defaults };
  checkNames(Object.keys(defaults), given, prefix);
  for (const name in given) {
    const value: unknown = given[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= least)) {
      throw new RangeError(
        `${prefix}${name}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not a number of at least ${least}`,
      );
    }
    options[name] = value as T[typeof name];
  }
  return options;
}

/** @throws RangeError naming an option that is not one of `names`. */
export function checkNames(names: readonly string[], given: object | undefined, prefix = ''): void {
  for (const name in given) {
    if (!names.includes(name)) {
      throw new RangeError(`${prefix}${name}: unknown option; known options are ${names.join(', ')}`);
    }
  }
}
