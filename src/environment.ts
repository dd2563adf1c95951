import { env } from '#platform';
import { read } from './core/property.ts';

/**
 * Environment variables as the specification reads them: an empty value counts as unset, and a value that cannot be
 * used is left out with a warning that names it.
 */
export class Environment {
  /** What could not be used, a sentence each. */
  readonly warnings: string[] = [];
  private readonly _variables: object | undefined;

  /** @param variables - In place of the process's. Only strings count: Workers have bindings of other types among them. */
  constructor(variables?: object) {
    this._variables = variables;
  }

  /** The first of `names` that is set. */
  text(...names: string[]): string | undefined {
    return this.entry(...names)?.[1];
  }

  /** The first of `names` that is set, and its value. */
  entry(...names: string[]): [name: string, value: string] | undefined {
    for (const name of names) {
      const value = this._read(name)?.trim();
      if (value) return [name, value];
    }
    return undefined;
  }

  private _read(name: string): string | undefined {
    if (this._variables === undefined) return env(name);
    const value = read(this._variables, name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The first of `names` that is set to one of these words. */
  word<Word extends string>(words: readonly Word[], ...names: string[]): [name: string, word: Word] | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (words.includes(value as Word)) return [name, value as Word];
      if (value !== undefined) this.refuse(name, value, `one of ${words.join(', ')}`);
    }
    return undefined;
  }

  /** The first of `names` that is set, as a whole number from `least` on. */
  wholeNumber(least: number, ...names: string[]): number | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (value === undefined) continue;
      const number = Number(value);
      if (Number.isSafeInteger(number) && number >= least) return number;
      this.refuse(name, value, `a whole number from ${least} on`);
    }
    return undefined;
  }

  /** The first of `names` that is set, as `true` or `false`. */
  flag(...names: string[]): boolean | undefined {
    for (const name of names) {
      const value = this.text(name)?.toLowerCase();
      if (value === 'true' || value === 'false') return value === 'true';
      if (value !== undefined) this.refuse(name, value, 'true or false');
    }
    return undefined;
  }

  /**
   * The first of `names` that is set, as `key=value,key=value` with percent-encoded values. One member that is
   * malformed makes the whole of it unusable.
   */
  pairs(secret: boolean, ...names: string[]): Record<string, string> | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (value === undefined) continue;
      const pairs = parsePairs(value);
      if (pairs !== undefined) return pairs;
      this.refuse(name, secret ? undefined : value, 'key=value pairs, separated by commas, percent-encoded');
    }
    return undefined;
  }

  /** Notes that the value of a variable cannot be used, and what is done; one that may be secret is not handed over. */
  refuse(name: string, value: string | undefined, allowed: string, instead = 'the default is used'): void {
    const shown = value === undefined ? 'its value' : JSON.stringify(value.slice(0, 200));
    this.warnings.push(`${name}: ${shown} is not ${allowed}; ${instead}`);
  }
}

function parsePairs(text: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = {};
  for (const member of text.split(',')) {
    if (member.trim() === '') continue;
    // Only the first sign divides: values may hold further ones, as base64 does.
    const sign = member.indexOf('=');
    const key = member.slice(0, sign).trim();
    if (sign === -1 || key === '') return undefined;
    try {
      pairs[decodeURIComponent(key)] = decodeURIComponent(member.slice(sign + 1).trim());
    } catch {
      return undefined;
    }
  }
  return pairs;
}
