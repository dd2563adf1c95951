// Longer text is cut before anything is done with it; no terminal shows as much in a line.
const MAX_LENGTH = 1_000;

// What joins or varies the characters before it, and which terminals draw each in a way of their own: joiners, variation
// selectors, skin tones, keycaps, the letters of flags.
const VARYING = /\u200c|\u200d|\u20e3|\p{Variation_Selector}|\p{Emoji_Modifier}|[\u{e0020}-\u{e007f}]/gu;
// What could move a cursor, colour a terminal or turn a line around; what has no width and hides; halves of characters;
// and parts of Hangul syllables that have remained single.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u1160-\u11ff\ud7b0-\ud7fb]/gu;
// Marks that are piled up would be drawn over the lines above and below.
const PILED = /([\p{Mn}\p{Me}]{3})[\p{Mn}\p{Me}]+/gu;

/**
 * The text as a line of a terminal can show it without obeying it: each character takes the columns that `textWidth`
 * counts. Without Unicode it is ASCII.
 */
export function printable(text: string, hasUnicode: boolean): string {
  let line = text;
  if (text.length > MAX_LENGTH) line = `${text.slice(0, MAX_LENGTH / 2)}…${text.slice(-MAX_LENGTH / 2)}`;
  if (!/[^ -~]/.test(line)) return line;
  line = line
    .replace(/[\t\r\n]+/g, ' ')
    .replace(VARYING, '')
    .normalize('NFC');
  if (!hasUnicode) {
    line = line
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '')
      .replaceAll('…', '~')
      .replaceAll('µ', 'u')
      .replace(/[^ -~]/gu, '?');
  }
  return line.replace(UNPRINTABLE, '\ufffd').replace(PILED, '$1');
}
