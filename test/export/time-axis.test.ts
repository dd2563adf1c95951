import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { durationText } from '../../src/export/duration.ts';
import { ASCII_BARS, TimeAxis, UNICODE_BARS } from '../../src/export/time-axis.ts';

describe('a duration', () => {
  for (const [millis, text] of [
    [0, '0 µs'],
    [0.001_499, '1 µs'],
    [0.999, '999 µs'],
    [1, '1.0 ms'],
    [99.9, '99.9 ms'],
    [100, '100 ms'],
    [999, '999 ms'],
    [1_000, '1.00 s'],
    [59_990, '59.99 s'],
    [60_000, '1 min 0 s'],
    [119_400, '1 min 59 s'],
    [119_999, '2 min 0 s'],
    [3_599_000, '59 min 59 s'],
    [3_661_000, '1 h 1 min'],
    [100 * 3_600_000, '100 h 0 min'],
  ] as const) {
    test(`of ${millis} ms is “${text}”`, () => assert.equal(durationText(millis), text));
  }
});

describe('an axis', () => {
  for (const [total, labels] of [
    [0.05, ['0', '10 µs', '20 µs', '30 µs', '40 µs']],
    [1, ['0', '200 µs', '400 µs', '600 µs', '800 µs']],
    [12, ['0', '5 ms', '10 ms']],
    [2_300, ['0', '500 ms', '1 s', '1.5 s', '2 s']],
    [50_000, ['0', '10 s', '20 s', '30 s', '40 s']],
    [200_000, ['0', '1 min', '2 min', '3 min']],
    [700_000, ['0', '5 min', '10 min']],
    [5 * 3_600_000, ['0', '2 h', '4 h']],
  ] as [number, string[]][]) {
    test(`of ${total} ms has ${labels.join(', ')}`, () =>
      assert.deepEqual(new TimeAxis(total, 56, UNICODE_BARS).labels().split(/ {2,}/), labels));
  }

  test('of any length has labels that fit and do not touch', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e10, noNaN: true }),
        fc.integer({ min: 10, max: 150 }),
        (total, columns) => {
          const labels = new TimeAxis(total, columns, UNICODE_BARS).labels();
          assert.ok(labels.length <= columns, labels);
          assert.match(labels, /^0( {1,}\d+(\.\d+)? (µs|ms|s|min|h( \d+ min)?|min \d+ s))*$/);
        },
      ),
    );
  });

  test('has only its beginning if no time passed', () => assert.equal(new TimeAxis(0, 50, UNICODE_BARS).labels(), '0'));
});

describe('a bar', () => {
  const axis = new TimeAxis(100, 50, UNICODE_BARS);
  const drawn = (start: number, end: number, marks: number[] = []) => {
    const { before, bar } = axis.bar([{ start, end }], marks);
    return before + bar;
  };

  test('extends from its start to its end, in half columns', () => {
    assert.equal(drawn(0, 100), '━'.repeat(50));
    assert.equal(drawn(10, 20), '     ━━━━━');
    assert.equal(drawn(11, 21), '     ╺━━━━╸');
  });

  test('is visible however short it is, at any position', () => {
    assert.equal(drawn(0, 0), '╸');
    assert.equal(drawn(51, 51.01), `${' '.repeat(25)}╺`);
    assert.equal(drawn(100, 100), `${' '.repeat(49)}╺`);
  });

  test('has marks, and those beyond it at its ends or not at all', () => {
    assert.equal(drawn(10, 20, [10, 15]), '     ◆━◆━━');
    assert.equal(drawn(10, 20, [90]), '     ━━━━◆');
    assert.equal(drawn(10, 20, [0]), '     ━━━━━');
  });

  test('never leaves its axis', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.array(fc.double({ min: -1e9, max: 2e9, noNaN: true })),
        (total, one, other, marks) => {
          const [start, end] = [Math.min(one, other, total), Math.min(Math.max(one, other), total)];
          const { before, bar } = new TimeAxis(total, 40, ASCII_BARS).bar([{ start, end }], marks);
          assert.ok(bar.length > 0 && before.length + bar.length <= 40, `${before}${bar}`);
          assert.match(bar, /^[=*]+$/);
        },
      ),
    );
  });
});
