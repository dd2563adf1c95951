import type { TraceState as TraceStateShape } from '../core/span-context.ts';
import { MAX_HEADER_LENGTH, membersOf } from './header.ts';

const MAX_MEMBERS = 32;
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
// Printable ASCII without comma and equals sign, and no space at the end.
const VALUE = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * The members of a `tracestate` header, in order. Immutable: `set` and `unset` return a new one.
 *
 * Specification: W3C Trace Context, level 2, sections 3.3 and 3.5.
 */
export class TraceState implements TraceStateShape {
  #members: ReadonlyMap<string, string>;

  /**
   * Reads a header; several are joined with commas first. A header that breaks the grammar, repeats a key, has more
   * than 32 members or more than 65,536 characters is dropped whole, because what is left of it could mislead the
   * systems it is meant for. Default: empty.
   */
  constructor(header = '') {
    this.#members = parse(header);
  }

  /**
   * A new trace state with `key` in front; beyond 32 members the last one goes. With a key or a value that breaks
   * the grammar, this one.
   */
  set(key: string, value: string): TraceState {
    if (!follows(KEY, key) || !follows(VALUE, value)) return this;
    return TraceState.#of([[key, value] as const, ...this.#without(key)].slice(0, MAX_MEMBERS));
  }

  /** A new trace state without `key`. */
  unset(key: string): TraceState {
    return TraceState.#of(this.#without(key));
  }

  /** The value of `key`, or `undefined`. */
  get(key: string): string | undefined {
    return this.#members.get(key);
  }

  /** The value of the `tracestate` header; `''` where there is no member. */
  serialize(): string {
    return Array.from(this.#members, ([key, value]) => `${key}=${value}`).join();
  }

  static #of(members: Iterable<readonly [string, string]>): TraceState {
    const state = new TraceState();
    state.#members = new Map(members);
    return state;
  }

  #without(key: string): [string, string][] {
    return [...this.#members].filter(([other]) => other !== key);
  }
}

function parse(header: string): Map<string, string> {
  const none = new Map<string, string>();
  if (typeof header !== 'string' || header.length > MAX_HEADER_LENGTH) return none;
  const members = new Map<string, string>();
  for (const member of membersOf(header)) {
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    const value = member.slice(equals + 1);
    if (members.size === MAX_MEMBERS || members.has(key)) return none;
    if (equals < 0 || !KEY.test(key) || !VALUE.test(value)) return none;
    members.set(key, value);
  }
  return members;
}

// Only a string may be tested: a pattern makes text of anything else, or throws.
function follows(pattern: RegExp, text: unknown): boolean {
  return typeof text === 'string' && pattern.test(text);
}
