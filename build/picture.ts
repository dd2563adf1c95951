// Draws what a terminal shows as an SVG picture for a document. Text stays text in it.

const COLUMN = 8.4;
const ROW = 20;
const PADDING = 16;
const BAR = 36;
/** Where letters stand within a row. */
const BASELINE = 14;

const BACKGROUND = '#11151c';
const FOREGROUND = '#d7dce2';
/** The eight colors of a terminal and their bright variants, by the digit after 3 or 9. */
const COLOURS = ['#5c6470', '#ff6b68', '#8ecf6b', '#e8c268', '#6cb0f5', '#d393e8', '#5fd0d0', '#d7dce2'];

interface Pen {
  colour: string;
  isBold: boolean;
  isDim: boolean;
}

/** A piece of a line that looks the same throughout. */
interface Piece extends Pen {
  readonly text: string;
  readonly column: number;
}

/**
 * Returns a picture of a terminal that shows `text`. The text may contain escape sequences for colors, bold and dim.
 *
 * @param title - Shown on the frame.
 * @throws Error for an unknown escape sequence.
 */
export function pictureOf(text: string, title: string): string {
  const pen: Pen = { colour: FOREGROUND, isBold: false, isDim: false };
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => piecesOf(line, pen));
  const columns = Math.max(
    ...lines.map((pieces) => Math.max(0, ...pieces.map((each) => each.column + each.text.length))),
  );
  const width = Math.ceil(columns * COLUMN + 2 * PADDING);
  const height = lines.length * ROW + PADDING + BAR;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, at) => `<circle cx="${20 + 18 * at}" cy="18" r="5.5" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
${dots.join('')}<text x="${width / 2}" y="23" text-anchor="middle" fill="#8b94a0" font-family="sans-serif" font-size="13">${escaped(title)}</text>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${lines.map((pieces, row) => lineOf(pieces, BAR + row * ROW + BASELINE)).join('\n')}
</g>
</svg>
`;
}

/** Returns the text of a picture that {@link pictureOf} has drawn. */
export function textOfPicture(svg: string): string {
  const lines: string[] = [];
  for (const [, x, y, text] of svg.matchAll(/<text x="([\d.]+)" y="(\d+)" textLength[^>]*>([^<]*)</g)) {
    const row = Math.round((Number(y) - BAR - BASELINE) / ROW);
    const column = Math.round((Number(x) - PADDING) / COLUMN);
    lines[row] = (lines[row] ?? '').padEnd(column) + unescaped(text);
  }
  return lines.join('\n');
}

/**
 * Draws each group of words by itself, so that it begins and ends where a terminal has it, whatever the font. SVG
 * collapses spaces.
 */
function lineOf(pieces: readonly Piece[], y: number): string {
  return pieces
    .flatMap(({ text, ...piece }) =>
      [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => ({ ...piece, words, at: piece.column + index })),
    )
    .map(({ words, at, colour, isBold, isDim }) => {
      const x = (PADDING + at * COLUMN).toFixed(1);
      const style = `${isBold ? ' font-weight="bold"' : ''}${isDim ? ' opacity="0.6"' : ''}`;
      return `<text x="${x}" y="${y}" textLength="${(words.length * COLUMN).toFixed(1)}" fill="${colour}"${style}>${escaped(words)}</text>`;
    })
    .join('');
}

/** Starts with the pen as the previous line has left it. */
function piecesOf(line: string, pen: Pen): Piece[] {
  const pieces: Piece[] = [];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals use escape sequences
  for (const [, codes, text] of line.matchAll(/\x1b\[([\d;]*)m|([^\x1b]+|\x1b)/g)) {
    if (codes !== undefined) for (const code of codes.split(';')) dip(pen, Number(code));
    else if (text === '\x1b') throw new Error(`not a color escape sequence: ${JSON.stringify(line)}`);
    else {
      pieces.push({ ...pen, text, column });
      column += text.length;
    }
  }
  return pieces;
}

function dip(pen: Pen, code: number): void {
  const colour = COLOURS[code % 10];
  if (code === 0) Object.assign(pen, { colour: FOREGROUND, isBold: false, isDim: false });
  else if (code === 1) pen.isBold = true;
  else if (code === 2) pen.isDim = true;
  else if (code === 22) Object.assign(pen, { isBold: false, isDim: false });
  else if (code === 39) pen.colour = FOREGROUND;
  else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) pen.colour = colour;
  else throw new Error(`SGR ${code} is not supported`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unescaped(text: string): string {
  return text.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
