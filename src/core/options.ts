/**
 * The defaults with the numbers of `given` on top.
 *
 * @param prefix - What stands before an option's name in a message, as `spanLimits.`.
 * @param least - Numbers below this are refused.
 * @throws RangeError naming the option that is unknown or is not such a number.
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
        `${prefix}${name}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not a number from ${least} on`,
      );
    }
    options[name] = value as T[typeof name];
  }
  return options;
}

/** @throws RangeError naming an option that is none of these. */
export function checkNames(names: readonly string[], given: object | undefined, prefix = ''): void {
  for (const name in given) {
    if (!names.includes(name)) {
      throw new RangeError(`${prefix}${name}: there is no such option; there are ${names.join(', ')}`);
    }
  }
}
