import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { terminalStyle } from '../../src/export/terminal-style.ts';
import type { Terminal } from '../../src/platform/platform.ts';

const style = (terminal: Partial<Terminal>, variables: Record<string, string> = {}) =>
  terminalStyle({ isTerminal: true, ...terminal }, (name) => variables[name]);

describe('colours', () => {
  for (const [isTerminal, variables, hasColor] of [
    [true, {}, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
    [false, { FORCE_COLOR: '3', NO_COLOR: '1' }, true],
  ] as [boolean, Record<string, string>, boolean][]) {
    test(`are ${hasColor ? '' : 'not '}there ${isTerminal ? 'at' : 'without'} a terminal with ${JSON.stringify(variables)}`, () =>
      assert.equal(style({ isTerminal }, variables).hasColor, hasColor));
  }
});

describe('Unicode', () => {
  for (const [terminal, variables, hasUnicode] of [
    [{}, {}, true],
    [{}, { TERM: 'xterm-256color', LANG: 'en_US.UTF-8' }, true],
    [{}, { LANG: 'C' }, true],
    [{}, { LANG: 'C.utf8' }, true],
    [{}, { TERM: 'dumb' }, false],
    [{}, { TERM: 'linux' }, false],
    [{}, { LANG: 'de_DE.ISO-8859-1' }, false],
    [{}, { LANG: 'en_US.UTF-8', LC_ALL: 'ja_JP.eucJP' }, false],
    [{ isWindows: true }, {}, false],
    [{ isWindows: true }, { WT_SESSION: '1' }, true],
    [{ isWindows: true }, { TERM_PROGRAM: 'vscode' }, true],
    [{ isWindows: true, isTerminal: false }, {}, true],
  ] as [Partial<Terminal>, Record<string, string>, boolean][]) {
    test(`is ${hasUnicode ? '' : 'not '}there for ${JSON.stringify({ ...terminal, ...variables })}`, () =>
      assert.equal(style(terminal, variables).hasUnicode, hasUnicode));
  }
});

describe('the width', () => {
  test('is that of the terminal, whatever a variable says', () =>
    assert.equal(style({ columns: 80 }, { COLUMNS: '200' }).columns, 80));
  test('is what a variable says where there is no terminal', () =>
    assert.equal(style({ isTerminal: false }, { COLUMNS: '200' }).columns, 200));
  for (const given of [undefined, '', 'wide', '0']) {
    test(`is 100 where nobody knows, or the variable says ${given}`, () =>
      assert.equal(style({ isTerminal: false }, given === undefined ? {} : { COLUMNS: given }).columns, 100));
  }
});
