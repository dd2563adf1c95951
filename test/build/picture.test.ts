import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureOf, textOfPicture } from '../../build/picture.ts';

const TEXT = '\x1b[1mtrace a\x1b[0m  \x1b[31m1 error\x1b[0m\n\n   ├─ <b> & c    ━━━◆\n';

test('a picture has the text of the terminal, each word in its place', () => {
  assert.equal(textOfPicture(pictureOf(TEXT, 'title')), 'trace a  1 error\n\n   ├─ <b> & c    ━━━◆');
});

test('a picture has the colors of the terminal', () => {
  const svg = pictureOf(TEXT, 'title');
  assert.match(svg, /font-weight="bold">trace a<\/text>/);
  assert.match(svg, /fill="#ff6b68">1 error<\/text>/);
});

test('an escape sequence that is not supported throws an error', () => {
  assert.throws(() => pictureOf('\x1b[2J', 'title'), /escape sequence/);
  assert.throws(() => pictureOf('\x1b[45mx', 'title'), /SGR 45/);
});
