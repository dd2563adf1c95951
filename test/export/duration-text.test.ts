import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { axisStep, axisText, durationText } from '../../src/export/duration-text.ts';

describe('a length', () => {
  for (const [nanos, text] of [
    [0, '0 µs'],
    [1_499, '1 µs'],
    [999_000, '999 µs'],
    [999_600, '1.0 ms'],
    [1_000_000, '1.0 ms'],
    [99_900_000, '99.9 ms'],
    [99_990_000, '100 ms'],
    [100_000_000, '100 ms'],
    [999_000_000, '999 ms'],
    [999_900_000, '1.00 s'],
    [1_000_000_000, '1.00 s'],
    [59_990_000_000, '59.99 s'],
    [59_999_000_000, '1 min 0 s'],
    [119_400_000_000, '1 min 59 s'],
    [119_999_000_000, '2 min 0 s'],
    [3_599_900_000_000, '1 h 0 min'],
    [3_661_000_000_000, '1 h 1 min'],
    [100 * 3_600_000_000_000, '100 h 0 min'],
  ] as const) {
    test(`of ${nanos} ns is “${text}”`, () => assert.equal(durationText(nanos), text));
  }
});

describe('an axis', () => {
  for (const [least, step] of [
    [0, '1 µs'],
    [1_000, '1 µs'],
    [1_001, '2 µs'],
    [30_000, '50 µs'],
    [600_000, '1 ms'],
    [1_500_000, '2 ms'],
    [300_000_000, '500 ms'],
    [1_100_000_000, '2 s'],
    [5_000_000_001, '10 s'],
    [21_000_000_000, '30 s'],
    [31_000_000_000, '1 min'],
    [1_000_000_000_000, '20 min'],
    [3_600_000_000_000, '1 h'],
    [3_600_000_000_001, '2 h'],
    [3_600_000_000_000 * 70_000, '100000 h'],
  ] as const) {
    test(`with marks at least ${least} ns apart has them every ${step}`, () =>
      assert.equal(axisText(axisStep(least)), step));
  }

  test('says no zeros that say nothing', () => {
    assert.equal(axisText(0), '0');
    assert.equal(axisText(1_500_000_000), '1.5 s');
    assert.equal(axisText(1_200_000), '1.2 ms');
    assert.equal(axisText(200_000_000), '200 ms');
    assert.equal(axisText(90_000_000_000), '1 min 30 s');
  });
});
