import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { columnsOf, cutToColumns, padded, printable } from '../../src/export/text-width.ts';

const SAMPLES = [
  'plain',
  'Grüße',
  '日本語テキスト',
  '한국어',
  'Ａ full width',
  'e\u0301 combined',
  '👋 waves',
  '👨‍👩‍👧‍👦 family',
  '🇩🇪 flag',
  '❤️ heart',
  '1️⃣ key',
  'नमस्ते',
  'שלום',
  'مرحبا',
  '─│├└━◆',
  '\u3000wide space',
];

describe('the width of a string agrees with another measure', () => {
  for (const text of SAMPLES) test(text, () => assert.equal(columnsOf(text), stringWidth(text)));

  test('for random letters of many scripts', () => {
    const character = fc.constantFrom(...'aé日한Ａ👋ñ字。、カ—…µ');
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        const text = characters.join('');
        assert.equal(columnsOf(text), stringWidth(text));
      }),
    );
  });
});

describe('a truncated string', () => {
  test('fits the columns, including an ellipsis', () => {
    assert.equal(cutToColumns('element.resample', 10, '…'), 'element.r…');
    assert.equal(cutToColumns('element', 7, '…'), 'element');
    assert.equal(cutToColumns('element', 7, '...'), 'element');
    assert.equal(cutToColumns('elements', 7, '...'), 'elem...');
    assert.equal(cutToColumns('日本語テキスト', 6, '…'), '日本…');
  });

  test('is never truncated within a character', () => {
    assert.equal(cutToColumns('ab👨‍👩‍👧‍👦cd', 4, '…'), 'ab…');
    assert.equal(cutToColumns('e\u0301e\u0301e\u0301', 2, '…'), 'e\u0301…');
  });

  test('fits, whatever it is, and is whole if it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 3, max: 50 }), (text, columns) => {
        const shown = printable(text);
        const cut = cutToColumns(shown, columns, '…');
        assert.ok(columnsOf(cut) <= columns, `${JSON.stringify(cut)} in ${columns}`);
        assert.equal(cut === shown, columnsOf(shown) <= columns);
      }),
    );
  });

  test('is not read to its end if it is long', () => {
    assert.equal(cutToColumns('日'.repeat(5_000_000), 5, '…'), '日日…');
    assert.equal(cutToColumns('\u0301'.repeat(5_000_000), 5, '…').length < 200, true);
  });
});

describe('characters that could move a cursor, color a terminal or start a line', () => {
  test('are replaced', () => {
    assert.equal(printable('\x1b[31mred\r\n\x07\x9b2J'), '\ufffd[31mred\ufffd\ufffd\ufffd\ufffd2J');
    assert.equal(
      printable('a\u202eb\u2066c\u2069\u200f\u061c\u2028d\u200b\ufeff'),
      'a\ufffdb\ufffdc\ufffd\ufffd\ufffd\ufffdd\ufffd\ufffd',
    );
    assert.equal(printable('half \ud83d'), 'half \ufffd');
  });

  test('do not include joiners of emoji', () => assert.equal(printable('👨‍👩‍👧‍👦'), '👨‍👩‍👧‍👦'));

  test('do not include right-to-left text, after which numbers keep their place', () => {
    assert.equal(printable('שלום'), 'שלום\u200e');
    assert.equal(printable('مرحبا'), 'مرحبا\u200e');
  });
});

test('a string is padded by its width, not its length', () => {
  assert.equal(padded('日本', 6), '日本  ');
  assert.equal(padded('5 ms', 6, true), '  5 ms');
  assert.equal(padded('longer', 3), 'longer');
});
