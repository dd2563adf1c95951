// Takes no column of its own: it is drawn over the character before it.
const COMBINING = /[\p{Mn}\p{Me}]/u;
// East Asian Wide and Fullwidth, Unicode 17, with what is not assigned between them; emoji are known by their property.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f320}\u{1f6d9}-\u{1f6df}\u{1f7da}-\u{1f7f0}\u{1fa8b}-\u{1fafa}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;
const ASCII = /^[ -~]*$/;

/**
 * The columns of a terminal that printable text takes, by its code points, as terminals count. What some of them draw as
 * one character and others as several, such as emoji that are joined, `printable` has made unambiguous.
 */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text with its middle replaced by `…` if it takes more columns than `width`: names tell apart at both ends. */
export function fitted(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const characters = [...text];
  let left = Math.max(width - 1, 0);
  let head = '';
  let tail = '';
  let first = 0;
  let last = characters.length - 1;
  // From both ends at once, a combining character with the one that it belongs to.
  for (let isHead = true; first <= last; isHead = !isHead) {
    let piece = characters[isHead ? first++ : last--];
    if (isHead) while (COMBINING.test(characters[first])) piece += characters[first++];
    else while (COMBINING.test(piece[0]) && first <= last) piece = characters[last--] + piece;
    left -= textWidth(piece);
    if (left < 0) break;
    if (isHead) head += piece;
    else tail = piece + tail;
  }
  return width < 1 ? '' : `${head}…${tail}`;
}

function characterWidth(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
