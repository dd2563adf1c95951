import { report } from './diagnostic.ts';
import type { TracerProvider } from './provider.ts';
import type { RecordingSpan } from './span.ts';
import { cut, spansText, textOf } from './text.ts';

// Spans that nobody ends must not fill the memory. Beyond this number, further ones are not kept here.
const MAX_SPANS = 10_000;
// A search that is made for every root goes no further.
const MAX_SEARCHED = 1_000;
const NONE = -1;
// A diagnostic about open spans names at most this many of them.
const MAX_NAMES = 5;
const MAX_NAME = 60;

/** The recording spans that have started but not ended, up to a bound. */
export class OpenSpans {
  /** How many spans have ended, including those that were not kept. */
  ended = 0;
  // A place holds a span, or the index of the next free place. Removing a span needs no search and moves none.
  private readonly _places: (RecordingSpan | number)[] = [];
  private _free = NONE;

  _add(span: RecordingSpan): void {
    const { _places, _free } = this;
    if (_free !== NONE) {
      this._free = _places[_free] as number;
      _places[_free] = span;
      span._place = _free;
    } else if (_places.length < MAX_SPANS) span._place = _places.push(span) - 1;
  }

  _remove(span: RecordingSpan): void {
    this.ended++;
    const { _place } = span;
    if (_place === NONE) return;
    this._places[_place] = this._free;
    this._free = _place;
  }

  /** True if a span below `root` is open; false if there are too many to search. */
  _hasBelow(root: RecordingSpan): boolean {
    return (
      this._places.length <= MAX_SEARCHED &&
      this._places.some((place) => typeof place !== 'number' && place !== root && place._root === root)
    );
  }

  list(): RecordingSpan[] {
    return this._places.filter((place) => typeof place !== 'number');
  }
}

/** Reports how many spans of a provider are open, and therefore lost, and names some of them. */
export function reportOpen({ live, _openSpans }: TracerProvider): void {
  if (live === 0) return;
  const names = new Set(_openSpans?.list().map(({ name }) => shownName(name)));
  const shown = [...names].slice(0, MAX_NAMES).join(', ');
  report('spans_open', `${spansText(live)} not ended${shown && `, such as ${shown}`}`);
}

/** The name of a span in a diagnostic. */
export function shownName(name: string): string {
  return JSON.stringify(cut(textOf(name), MAX_NAME));
}
