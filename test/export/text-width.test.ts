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

describe('a text takes as many columns as another measure says', () => {
  for (const text of SAMPLES) test(text, () => assert.equal(columnsOf(text), stringWidth(text)));

  test('where it is random, of letters of many scripts', () => {
    const character = fc.constantFrom(...'aé日한Ａ👋ñ字。、カ—…µ');
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        const text = characters.join('');
        assert.equal(columnsOf(text), stringWidth(text));
      }),
    );
  });
});

describe('a text that is cut', () => {
  test('has the columns that there are, and an ellipsis in them', () => {
    assert.equal(cutToColumns('element.resample', 10, '…'), 'element.r…');
    assert.equal(cutToColumns('element', 7, '…'), 'element');
    assert.equal(cutToColumns('element', 7, '...'), 'element');
    assert.equal(cutToColumns('elements', 7, '...'), 'elem...');
    assert.equal(cutToColumns('日本語テキスト', 6, '…'), '日本…');
  });

  test('is never cut within what is one character', () => {
    assert.equal(cutToColumns('ab👨‍👩‍👧‍👦cd', 4, '…'), 'ab…');
    assert.equal(cutToColumns('e\u0301e\u0301e\u0301', 2, '…'), 'e\u0301…');
  });

  test('fits, whatever it is, and is whole where it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 3, max: 50 }), (text, columns) => {
        const shown = printable(text);
        const cut = cutToColumns(shown, columns, '…');
        assert.ok(columnsOf(cut) <= columns, `${JSON.stringify(cut)} in ${columns}`);
        assert.equal(cut === shown, columnsOf(shown) <= columns);
      }),
    );
  });

  test('is not gone through to its end where it is long', () => {
    assert.equal(cutToColumns('日'.repeat(5_000_000), 5, '…'), '日日…');
    assert.equal(cutToColumns('\u0301'.repeat(5_000_000), 5, '…').length < 200, true);
  });
});

describe('what could move a cursor, colour a terminal or turn a line', () => {
  test('is shown as what it is: nothing that can be read', () => {
    assert.equal(printable('\x1b[31mred\r\n\x07\x9b2J'), '\ufffd[31mred\ufffd\ufffd\ufffd\ufffd2J');
    assert.equal(
      printable('a\u202eb\u2066c\u2069\u200f\u061c\u2028d\u200b\ufeff'),
      'a\ufffdb\ufffdc\ufffd\ufffd\ufffd\ufffdd\ufffd\ufffd',
    );
    assert.equal(printable('half \ud83d'), 'half \ufffd');
  });

  test('is not what emoji are joined by', () => assert.equal(printable('👨‍👩‍👧‍👦'), '👨‍👩‍👧‍👦'));

  test('is no text from right to left, behind which numbers stay where they are', () => {
    assert.equal(printable('שלום'), 'שלום\u200e');
    assert.equal(printable('مرحبا'), 'مرحبا\u200e');
  });
});

test('a text is padded by what it takes, and not by its length', () => {
  assert.equal(padded('日本', 6), '日本  ');
  assert.equal(padded('5 ms', 6, true), '  5 ms');
  assert.equal(padded('longer', 3), 'longer');
});
