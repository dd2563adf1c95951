import { env } from '#platform';
import { read } from './core/property.ts';

/**
 * Environment variables, read as the specification asks: an empty value counts as unset, and a value that cannot be
 * used is ignored, with a warning that names the variable.
 */
export class Environment {
  /** Values that could not be used, one sentence each. */
  readonly warnings: string[] = [];
  private readonly _variables: object | undefined;

  /**
   * @param variables - Replaces the environment of the process. Only strings count: Workers have bindings of other
   * types there.
   */
  constructor(variables?: object) {
    this._variables = variables;
  }

  /** Returns the value of the first of `names` that is set. */
  text(...names: string[]): string | undefined {
    return this.entry(...names)?.[1];
  }

  /** Returns the first of `names` that is set, with its value. */
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

  /** Returns the first of `names` that is set to one of `words`, in upper or lower case, with that word. */
  word<Word extends string>(words: readonly Word[], ...names: string[]): [name: string, word: Word] | undefined {
    for (const name of names) {
      const value = this.text(name);
      const word = value?.toLowerCase() as Word;
      if (words.includes(word)) return [name, word];
      if (value !== undefined) this.refuse(name, value, `one of ${words.join(', ')}`);
    }
    return undefined;
  }

  /** Returns the first of `names` that is set to a whole number of at least `least`. */
  wholeNumber(least: number, ...names: string[]): number | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (value === undefined) continue;
      const number = Number(value);
      if (Number.isSafeInteger(number) && number >= least) return number;
      this.refuse(name, value, `a whole number of at least ${least}`);
    }
    return undefined;
  }

  /** Returns the first of `names` that is set to `true` or `false`. */
  flag(...names: string[]): boolean | undefined {
    for (const name of names) {
      const value = this.text(name)?.toLowerCase();
      if (value === 'true' || value === 'false') return value === 'true';
      if (value !== undefined) this.refuse(name, value, 'true or false');
    }
    return undefined;
  }

  /**
   * Returns the first of `names` that is set to `key=value,key=value` with percent-encoded values. A single malformed
   * member makes the whole value unusable.
   */
  pairs(secret: boolean, ...names: string[]): Record<string, string> | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (value === undefined) continue;
      const pairs = parsePairs(value);
      if (pairs !== undefined) return pairs;
      this.refuse(name, secret ? undefined : value, 'comma-separated, percent-encoded key=value pairs');
    }
    return undefined;
  }

  /**
   * Adds a warning that a variable's value cannot be used, and what happens instead. Pass no value that may be secret.
   */
  refuse(name: string, value: string | undefined, allowed: string, instead = 'the default is used'): void {
    const shown = value === undefined ? 'its value' : JSON.stringify(value.slice(0, 200));
    this.warnings.push(`${name}: ${shown} is not ${allowed}; ${instead}`);
  }
}

function parsePairs(text: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = {};
  for (const member of text.split(',')) {
    if (member.trim() === '') continue;
    // Only the first sign separates. A value may contain more of them, as base64 does.
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
