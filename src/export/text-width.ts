// Characters that could move the cursor, color the terminal or change the direction of a line, and lone surrogates.
// Joiners stay, because emoji and some scripts are written with them.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;
const ASCII = /^[ -~]*$/;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LEFT_TO_RIGHT_MARK = '\u200e';
// Characters that take no column of their own.
const COMBINING = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]+$/u;
// Characters that take two columns: the blocks of East Asian Width W and F in Unicode 16, and emoji.
const WIDE =
  /^(?:[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{RI}\p{RI})|\ufe0f/u;

// Created when non-ASCII text is first printed. A runtime without `Intl.Segmenter` counts code points.
let segmenter: { segment(text: string): Iterable<{ segment: string }> } | undefined;

function charactersOf(text: string): Iterable<string> {
  if (ASCII.test(text) || typeof Intl === 'undefined' || Intl.Segmenter === undefined) return text;
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function columnsOfCharacter(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The number of terminal columns that a printable text takes. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of charactersOf(text)) columns += columnsOfCharacter(character);
  return columns;
}

/** Cuts a printable text to `columns` columns. A text that is cut ends in `ellipsis`. */
export function cutToColumns(text: string, columns: number, ellipsis: string): string {
  // Every ASCII character takes one column.
  if (text.length <= columns && ASCII.test(text)) return text;
  const room = columns - ellipsis.length;
  let used = 0;
  let kept = '';
  let isFull = false;
  for (const character of charactersOf(text.slice(0, 16 * columns + 64))) {
    const more = columnsOfCharacter(character);
    if (used + more > columns) return kept + ellipsis;
    used += more;
    isFull ||= used > room;
    if (!isFull) kept += character;
  }
  return text.length > 16 * columns + 64 ? kept + ellipsis : text;
}

/** Makes a text safe for a terminal. A mark after right-to-left text keeps numbers that follow in their place. */
export function printable(text: string): string {
  if (ASCII.test(text)) return text;
  const shown = text.replace(UNPRINTABLE, '\ufffd');
  return RIGHT_TO_LEFT.test(shown) ? shown + LEFT_TO_RIGHT_MARK : shown;
}

/** Pads a text to `columns` columns with spaces after it, or before it if `isRight`. */
export function padded(text: string, columns: number, isRight = false): string {
  const spaces = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return isRight ? spaces + text : text + spaces;
}
