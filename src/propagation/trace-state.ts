import type { TraceState } from '../core/span-context.ts';
import { MAX_HEADER_LENGTH, membersOf } from './header.ts';

const MAX_MEMBERS = 32;
// A value is printable ASCII without comma and equals sign, and without a space at the end.
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * The members of a `tracestate` header, in order. Immutable: `set` and `unset` return a new one.
 *
 * Specification: W3C Trace Context, level 2, sections 3.3 and 3.5.
 */
export class W3CTraceState implements TraceState {
  private readonly _members: ReadonlyMap<string, string>;

  /**
   * Reads a header; several have to be joined with commas first. A header that breaks the grammar, or has more than 32
   * members or 65,536 characters, is dropped whole, because a part of it could mislead the systems it is meant for. If
   * a key is repeated, the first member counts: it is the latest, because new ones are put in front. Default: empty.
   */
  constructor(header = '') {
    const isShort = typeof header === 'string' && header.length <= MAX_HEADER_LENGTH;
    const found = isShort ? membersOf(header).slice(0, MAX_MEMBERS + 1) : [];
    const members = new Map<string, string>();
    if (found.length <= MAX_MEMBERS && found.every((member) => MEMBER.test(member))) {
      for (const [key, value] of found.map((member) => member.split('=')))
        if (!members.has(key)) members.set(key, value);
    }
    this._members = members;
  }

  /**
   * Returns a new trace state with `key` in front; drops the last member if there are more than 32. Returns this one if
   * the key or the value breaks the grammar.
   */
  set(key: string, value: string): W3CTraceState {
    // Only strings: anything else would be converted to text, or the conversion would throw.
    if (typeof key !== 'string' || typeof value !== 'string') return this;
    const member = `${key}=${value}`;
    return MEMBER.test(member) ? new W3CTraceState([member, ...this._without(key)].slice(0, MAX_MEMBERS).join()) : this;
  }

  /** Returns a new trace state without `key`. */
  unset(key: string): W3CTraceState {
    return new W3CTraceState(this._without(key).join());
  }

  /** Returns the value of `key`, or `undefined`. */
  get(key: string): string | undefined {
    return this._members.get(key);
  }

  /** Returns the value of the `tracestate` header; `''` if there are no members. */
  serialize(): string {
    return this._without().join();
  }

  private _without(key?: string): string[] {
    return [...this._members].filter(([other]) => other !== key).map((member) => member.join('='));
  }
}

/**
 * Creates a trace state from the content of a `tracestate` header, for samplers that return one and for span contexts
 * made by hand. Never throws: a header that breaks the grammar, or has more than 32 members, is dropped whole. Default:
 * empty.
 *
 * Specification: W3C Trace Context, level 2, section 3.3.
 */
export function createTraceState(header?: string): TraceState {
  return new W3CTraceState(header);
}
