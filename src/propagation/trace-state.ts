import type { TraceState } from '../core/span-context.ts';
import { MAX_HEADER_LENGTH, membersOf } from './header.ts';

const MAX_MEMBERS = 32;
// A value is printable ASCII without comma and equals sign, and no space at the end.
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * The members of a `tracestate` header, in order. Immutable: `set` and `unset` return a new one.
 *
 * Specification: W3C Trace Context, level 2, sections 3.3 and 3.5.
 */
export class W3CTraceState implements TraceState {
  private readonly _members: ReadonlyMap<string, string>;

  /**
   * Reads a header; several are joined with commas first. A header that breaks the grammar, has more than 32 members or
   * more than 65,536 characters is dropped whole, because what is left of it could mislead the systems it is meant for.
   * Of a key that is repeated the first member counts: the latest, since new ones are put in front. Default: empty.
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
   * A new trace state with `key` in front; beyond 32 members the last one goes. With a key or a value that breaks
   * the grammar, this one.
   */
  set(key: string, value: string): W3CTraceState {
    // Only strings: a text can be made of anything else, or making it throws.
    if (typeof key !== 'string' || typeof value !== 'string') return this;
    const member = `${key}=${value}`;
    return MEMBER.test(member) ? new W3CTraceState([member, ...this._without(key)].slice(0, MAX_MEMBERS).join()) : this;
  }

  /** A new trace state without `key`. */
  unset(key: string): W3CTraceState {
    return new W3CTraceState(this._without(key).join());
  }

  /** The value of `key`, or `undefined`. */
  get(key: string): string | undefined {
    return this._members.get(key);
  }

  /** The value of the `tracestate` header; `''` where there is no member. */
  serialize(): string {
    return this._without().join();
  }

  private _without(key?: string): string[] {
    return [...this._members].filter(([other]) => other !== key).map((member) => member.join('='));
  }
}

/**
 * A trace state of what a `tracestate` header holds, for samplers that return one and for span contexts that are made by hand.
 * Never throws: a header that breaks the grammar, or has more than 32 members, is dropped whole. Default: empty.
 *
 * Specification: W3C Trace Context, level 2, section 3.3.
 */
export function createTraceState(header?: string): TraceState {
  return new W3CTraceState(header);
}
