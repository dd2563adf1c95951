import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable } from '../../src/export/printable.ts';

test('what a terminal obeys is shown and not sent', () => {
  assert.equal(printable('\x1b[31mred\x07\x9b2J\x7f', true), '�[31mred��2J�');
  assert.equal(printable('\u202eevil\u2066\u2069\u200e\u200f\u061c', true), '�evil�����');
});

test('what hides is shown', () => {
  assert.equal(printable('a\u200bb\u2060c\ufeffd\u00ade\u3164f', true), 'a�b�c�d�e�f');
});

test('halves of characters are no characters', () => {
  assert.equal(printable('\ud83d and \ude00', true), '� and �');
});

test('lines become one', () => {
  assert.equal(printable('first\r\nsecond\tthird\u2028fourth', true), 'first second third�fourth');
});

test('marks are not piled up', () => {
  assert.equal(printable(`z${'\u0334'.repeat(100)}!`, true), 'z\u0334\u0334\u0334!');
});

test('a text without end is cut, at its middle', () => {
  const text = printable(`first${'x'.repeat(1e6)}last`, true);
  assert.match(text, /^first.*…x+last$/);
  assert.ok(text.length < 1_100, `${text.length} characters are left`);
});

test('without Unicode, accents go, and other letters are known to be there', () => {
  assert.equal(printable('Zoë said 你好 😀 to Ångström…', false), 'Zoe said ?? ? to Angstrom~');
  assert.equal(printable('\x1b[31m\u202e12 µs', false), '?[31m?12 us');
});

test('nothing else is in what any text becomes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(printable(text, true), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
      assert.match(printable(text, false), /^[ -~]*$/);
    }),
    { numRuns: 1_000 },
  );
});
