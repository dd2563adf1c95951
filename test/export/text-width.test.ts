import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { printable } from '../../src/export/printable.ts';
import { fitted, textWidth } from '../../src/export/text-width.ts';

test('each character of Unicode takes as many columns as another table says', () => {
  const others: string[] = [];
  let compared = 0;
  for (let code = 0x20; code < 0x3_fffe; code++) {
    const character = String.fromCodePoint(code);
    // What is not assigned has no width yet, and is told apart from what is between it with fewer ranges.
    if (/[\p{Cn}\p{Co}]/u.test(character) || printable(character, true) !== character) continue;
    compared++;
    if (textWidth(character) !== stringWidth(character)) others.push(code.toString(16));
  }
  assert.ok(compared > 100_000, `only ${compared} characters were compared`);
  assert.deepEqual(others, []);
});

describe('a text', () => {
  for (const [text, shown, width] of [
    ['plain', 'plain', 5],
    ['会议 音声', '会议 音声', 9],
    ['e\u0301te\u0301', 'été', 3],
    ['x\u0323\u0307', 'ẋ̣'.normalize('NFC'), 1],
    ['👍🏽', '👍', 2],
    ['👩‍👩‍👧', '👩👩👧', 6],
    ['❤️', '❤', 1],
    ['1️⃣', '1', 1],
    ['🇩🇪', '🇩🇪', 2],
    ['\u1112\u1161\u11ab', '한', 2],
    ['שלום', 'שלום', 4],
    ['का', 'का', 2],
    ['ｶﾞ', 'ｶﾞ', 2],
  ] as const) {
    test(`like ${text} is shown as ${shown} in ${width} columns`, () => {
      assert.equal(printable(text, true), shown);
      assert.equal(textWidth(shown), width);
      assert.equal(stringWidth(shown), width);
    });
  }

  test('that is too long loses its middle, never half of a character', () => {
    assert.equal(fitted('element.audio-pacer.process', 13), 'elemen…rocess');
    assert.equal(fitted('element', 7), 'element');
    assert.equal(fitted('会议会议会议', 8), '会议…议');
    assert.equal(fitted('ab\u0323\u0307cde\u0323\u0307', 4), 'ab\u0323\u0307…e\u0323\u0307');
    assert.equal(fitted('element', 1), '…');
    assert.equal(fitted('element', 0), '');
  });

  test('of any kind fits where it is to fit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(40), (text, width) => {
        const line = fitted(printable(text, true), width);
        assert.ok(textWidth(line) <= width, `${JSON.stringify(line)} is wider than ${width}`);
      }),
    );
  });
});
