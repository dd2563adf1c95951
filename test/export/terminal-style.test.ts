import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { columnsOf, type Terminal, terminalStyle } from '../../src/export/terminal-style.ts';

const TERMINAL: Terminal = { isTerminal: true, columns: 100, isWindows: false };
const PIPE: Terminal = { isTerminal: false, columns: undefined, isWindows: false };
const WINDOWS: Terminal = { ...TERMINAL, isWindows: true };

const styleOf = (variables: Record<string, string>, out: Terminal) => terminalStyle((name) => variables[name], out);

describe('color', () => {
  const hasColor = (variables: Record<string, string>, out = TERMINAL) => styleOf(variables, out).hasColor;

  it('is for terminals only', () => {
    assert.equal(hasColor({}), true);
    assert.equal(hasColor({}, PIPE), false);
    assert.equal(hasColor({}, WINDOWS), true);
  });

  it('is off with any NO_COLOR that is not empty', () => {
    for (const NO_COLOR of ['1', '0', 'false', 'x']) assert.equal(hasColor({ NO_COLOR }), false, NO_COLOR);
    assert.equal(hasColor({ NO_COLOR: '' }), true);
  });

  it('is on with FORCE_COLOR, for any reader, unless it is empty, 0 or false', () => {
    for (const FORCE_COLOR of ['1', '2', '3', 'true', 'yes']) {
      assert.equal(hasColor({ FORCE_COLOR }, PIPE), true, FORCE_COLOR);
      assert.equal(hasColor({ FORCE_COLOR, NO_COLOR: '1', TERM: 'dumb' }, PIPE), true, FORCE_COLOR);
    }
    for (const FORCE_COLOR of ['0', 'false']) assert.equal(hasColor({ FORCE_COLOR }), false, FORCE_COLOR);
    assert.equal(hasColor({ FORCE_COLOR: '' }, PIPE), false);
    assert.equal(hasColor({ FORCE_COLOR: '' }), true);
  });

  it('is off for dumb terminals, whatever COLORTERM says', () => {
    assert.equal(hasColor({ TERM: 'dumb', COLORTERM: 'truecolor' }), false);
    assert.equal(hasColor({ COLORTERM: 'truecolor' }, PIPE), false);
  });
});

describe('characters beyond ASCII', () => {
  const hasUnicode = (variables: Record<string, string>, out = TERMINAL) => styleOf(variables, out).hasUnicode;

  it('depend on the locale, the first of LC_ALL, LC_CTYPE and LANG that is set', () => {
    for (const LANG of ['en_US.UTF-8', 'de_DE.utf8', 'C.UTF-8']) assert.equal(hasUnicode({ LANG }), true, LANG);
    for (const LANG of ['C', 'POSIX', 'de_DE.ISO-8859-1', 'ja_JP.eucJP']) {
      assert.equal(hasUnicode({ LANG }), false, LANG);
    }
    assert.equal(hasUnicode({ LC_ALL: 'C', LANG: 'en_US.UTF-8' }), false);
    assert.equal(hasUnicode({ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }), true);
  });

  it('are on without a locale, as in containers, and for files and pipes', () => {
    assert.equal(hasUnicode({}), true);
    assert.equal(hasUnicode({}, PIPE), true);
    assert.equal(hasUnicode({ LANG: 'C' }, PIPE), false);
  });

  it('are off for dumb terminals', () => {
    assert.equal(hasUnicode({ TERM: 'dumb', LANG: 'en_US.UTF-8' }), false);
  });

  it('are on in Windows terminals that do not use a code page', () => {
    assert.equal(hasUnicode({}, WINDOWS), false);
    assert.equal(hasUnicode({ LANG: 'en_US.UTF-8' }, WINDOWS), false);
    assert.equal(hasUnicode({ WT_SESSION: '8f2c' }, WINDOWS), true);
    assert.equal(hasUnicode({ TERM_PROGRAM: 'vscode' }, WINDOWS), true);
  });
});

describe('the width', () => {
  const none = () => undefined;

  it('is that of the terminal, whatever a variable says', () => {
    assert.equal(
      columnsOf({ ...TERMINAL, columns: 80 }, () => '200'),
      80,
    );
  });

  it('is that of `COLUMNS` elsewhere, or 100', () => {
    assert.equal(
      columnsOf({ ...PIPE, columns: 40 }, (name) => (name === 'COLUMNS' ? '200' : undefined)),
      200,
    );
    for (const given of [none, () => '', () => 'wide', () => '0']) assert.equal(columnsOf(PIPE, given), 100);
    for (const columns of [undefined, 0]) assert.equal(columnsOf({ ...TERMINAL, columns }, none), 100, `${columns}`);
  });
});
